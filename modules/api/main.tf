################################################################################
# API
################################################################################

resource "multiregion_api" "this" {
  name    = var.name
  regions = var.regions
  drained = var.drained

  function  = var.function
  functions = var.functions
  gateway   = local.gateway
  domain    = var.domain
  routing   = local.routing
  cdn       = var.cdn
  rollout   = var.rollout

  tags                = var.tags
  deletion_protection = var.deletion_protection
  retain_logs         = var.retain_logs

  # A failure in one region does not roll back the others. They stay, the postcondition fails the run, and the next apply
  # creates what is missing. The status "degraded" passes: during the outage of a region, the other regions can still change.
  on_create_failure = "keep"

  lifecycle {
    postcondition {
      condition     = self.status != "incomplete"
      error_message = "Objects of the API ${var.name} are missing: ${coalesce(self.status_reason, "the warnings above name them")}. Fix the cause, then apply again to continue."
    }
  }
}

################################################################################
# Domain and routing
################################################################################

locals {
  has_mutual_tls = try(var.domain.mutual_tls, null) != null

  # Clients without a certificate could use the default endpoints.
  gateway = merge(var.gateway, {
    disable_execute_api_endpoint = var.gateway.disable_execute_api_endpoint == null && local.has_mutual_tls ? true : var.gateway.disable_execute_api_endpoint
  })

  # CloudFront fails over between the regions of an origin group itself.
  is_group = try(var.cdn.origin, null) == "group"

  # A region can have an alarm, a routing control or an existing health check, instead of one of the provider.
  decides_itself = anytrue([
    for region in values(var.regions) :
    region.health_alarm != null || region.health_check_id != null || region.routing_control_arn != null
  ])

  # Route 53's checkers have no client certificate, so that they can only open a connection.
  own_health_check = local.has_mutual_tls && local.gateway.disable_execute_api_endpoint == true ? merge(var.routing.health_check, {
    protocol = var.routing.health_check.protocol == null ? "tcp" : var.routing.health_check.protocol
  }) : var.routing.health_check

  # Without a domain, Route 53 has no records that a health check could take out of DNS.
  health_check = var.domain == null || local.is_group || local.decides_itself ? null : local.own_health_check

  # Without a domain, only the probe applies.
  has_routing = var.domain != null || var.routing.probe != null
  routing     = local.has_routing ? merge(var.routing, { health_check = local.health_check }) : null
}
