//! AWS Certificate Manager.

pub mod certificate;
pub mod issued_certificate;
