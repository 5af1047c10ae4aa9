//! SQL of patches: [`batches`] and their rejects, [`patches`] and what they touch.

mod batches;
mod found;
mod out;

pub(super) use batches::*;
pub(super) use found::*;
pub(super) use out::*;
