//! SQL of patches: [`batches`] and their rejects, [`patches`] and what they touch.

mod batches;
mod found;

pub(super) use batches::*;
pub(super) use found::*;
