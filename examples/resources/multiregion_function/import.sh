# The id is the name of the function.
tofu import multiregion_function.reports reports
