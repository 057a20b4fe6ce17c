# The id is the name of the function.
import {
  to = multiregion_function.reports
  id = "reports"
}
