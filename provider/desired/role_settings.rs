//! Settings of IAM roles that the provider's own arguments contain.

/// What the IAM roles of all functions have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// The ARN of the policy that is the permissions boundary; `None` for roles without one.
    pub permissions_boundary_arn: Option<String>,
    /// The path of new roles, such as `/teams/web/`; `None` for `/`.
    pub path: Option<String>,
}
