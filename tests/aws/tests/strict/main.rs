//! What the strict AWS does that ministack does not, asked by AWS's own SDK.

mod basics;
mod world;
