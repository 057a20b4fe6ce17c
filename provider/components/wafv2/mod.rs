//! Kinds of AWS WAF.

pub mod web_acl_association;
