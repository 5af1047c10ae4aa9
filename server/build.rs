//! Rebuilds when a migration changes: `sqlx::migrate!` reads the folder at compile time;
//! in a release also when the pages change.

fn main() {
    // A release carries the pages in itself, a debug build reads them when it runs.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed=web/dist");
    }
    println!("cargo:rerun-if-changed=../migrations");
    println!("cargo:rerun-if-changed=templates");
}
