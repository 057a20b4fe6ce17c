//! Iam in memory.

use super::Question;
use crate::message::{Answer, Refusal};

/// Everything of Iam.
#[derive(Debug, Default, Clone)]
pub(super) struct Iam;

impl Iam {
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Result<Answer, Refusal> {
        Err(question.not_implemented())
    }
}
