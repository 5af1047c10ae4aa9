//! What anyone may read and report: the page behind a scanned label, reports, and their follow-up.
//!
//! A page names offices and posts, never a farmer or contractor, neighbours (四至), an ID number, a private
//! phone, coordinates, a case or a track (个人信息保护法; `facts::Facts` simply does not hold them). One
//! indexed read a scan; all else comes from memory.

mod facts;
mod form;
mod http;
mod limits;
mod officers;
mod pages;
mod reports;
mod sketch;
pub mod sql;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;

use crate::state::App;

pub(crate) use http::nowhere;
pub use http::uploads;
pub use limits::Limits;
pub(crate) use pages::refuse;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    http::routes().merge(officers::routes())
}
