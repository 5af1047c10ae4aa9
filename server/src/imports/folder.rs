//! The folder in which uploads lie until they are imported: one file a job, named by its id; the ending says whose.

use std::path::{Path, PathBuf};

use crate::state::App;

/// The endings, by what imports the files.
pub(crate) const JOB: &str = "import";
/// Batches of patches.
pub(crate) const PATCHES: &str = "patches";

/// Whether a file's name is that of an upload that waits for its import.
pub fn is_waiting(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == JOB || ending == PATCHES)
}

/// Where a job's file lies.
pub(crate) fn place(app: &App, id: &str, ending: &str) -> PathBuf {
    app.work().join(format!("{id}.{ending}"))
}

/// Puts an upload where its job will look for it.
pub(crate) async fn keep(app: &App, id: &str, ending: &str, file: tempfile::TempPath) -> anyhow::Result<()> {
    let place = place(app, id, ending);
    tokio::task::spawn_blocking(move || file.persist(place)).await??;
    Ok(())
}

/// The jobs whose files wait here, the oldest first: ids are UUIDv7.
pub(crate) fn waiting(app: &App, ending: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(app.work())? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == ending)
            && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
        {
            found.push((id.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}
