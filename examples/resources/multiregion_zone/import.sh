# The id is the name of the zone.
tofu import multiregion_zone.this ipgiraffe.com
