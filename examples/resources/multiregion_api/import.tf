# The id is the name of the API.
import {
  to = multiregion_api.giraffe
  id = "ipgiraffe"
}
