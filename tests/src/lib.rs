//! Black-box tests of the running program: through its command line, its HTTP and the labels it prints,
//! never through the server's internals.
//!
//! A story is a function of a [`Backend`]; [`on_both!`] turns it into two tests. It starts from a [`Site`]
//! (a data directory and a database of its own), serves it as a [`Server`] and speaks to it through an
//! [`Api`]. What the bodies of requests look like stands in [`scene`] alone.

mod api;
mod demo;
pub mod device;
pub mod labels;
pub mod network;
pub mod post;
mod receiver;
pub mod s3;
pub mod scene;
mod server;
mod site;
pub mod torture;

pub use api::{Api, Reply};
pub use demo::{Account, Demo};
pub use receiver::Receiver;
pub use server::{Process, Server};
pub use site::{Backend, Output, Site};

/// Makes one test for each backend out of each story, a function that takes a [`Backend`].
#[macro_export]
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod sqlite { $( #[test] fn $story() { super::$story($crate::Backend::Sqlite) } )+ }
        mod postgres { $( #[test] fn $story() { super::$story($crate::Backend::Postgres) } )+ }
    };
}
