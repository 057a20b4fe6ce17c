# The id is the name of the API.
tofu import multiregion_api.giraffe ipgiraffe
