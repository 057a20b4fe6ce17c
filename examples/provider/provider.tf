terraform {
  required_providers {
    multiregion = {
      source  = "multiregion/multiregion"
      version = "~> 0.1"
    }
  }
}

provider "multiregion" {
  # The home region of new resources. An API names its own regions.
  region = "us-east-1"

  # Optional: refuse every other account.
  allowed_account_ids = ["123456789012"]

  default_tags = {
    team = "giraffes"
  }
}
