//! From what there is to what is wanted: differences, order, preview. Pure.

mod view;

pub use view::{Seen, View};
