//! Route53 in memory.

use super::Question;
use crate::message::{Answer, Refusal};

/// Everything of Route53.
#[derive(Debug, Default, Clone)]
pub(super) struct Route53;

impl Route53 {
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Result<Answer, Refusal> {
        Err(question.not_implemented())
    }
}
