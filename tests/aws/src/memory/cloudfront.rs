//! CloudFront in memory.

use super::Question;
use crate::message::{Answer, Refusal};

/// Everything of CloudFront.
#[derive(Debug, Default, Clone)]
pub(super) struct CloudFront;

impl CloudFront {
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Result<Answer, Refusal> {
        Err(question.not_implemented())
    }
}
