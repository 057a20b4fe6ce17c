# The id is the name of the zone.
import {
  to = multiregion_zone.this
  id = "ipgiraffe.com"
}
