terraform {
  required_version = ">= 1.6"

  required_providers {
    multiregion = {
      source  = "multiregion/multiregion"
      version = "~> 0.1"
    }
  }
}
