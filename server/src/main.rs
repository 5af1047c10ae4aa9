//! The `gengwei` program; see [`gengwei_server::cli`].

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    gengwei_server::cli::main().await
}
