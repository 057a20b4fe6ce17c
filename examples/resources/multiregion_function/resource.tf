# A function of its own configuration. The API may be in another one: `api` is its name.
resource "multiregion_function" "reports" {
  name = "reports"
  api  = "shop"

  function = {
    source_dir = "${path.module}/reports"
    handler    = "app.handler"
    runtime    = "python3.13"
    routes     = ["GET /reports", "GET /reports/{id}"]
  }
}
