//! Route of the verification; the log itself is read with the accounts.

use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Verdict, verify};
use crate::auth::{Admin, AuditAdmin};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::extract::Json;
use crate::state::App;

/// The route. It has no time limit: a log of years takes minutes to recompute.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verification))
}

/// What a verification found.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditVerification)]
struct Found {
    /// Whether every entry holds.
    sound: bool,
    /// How many entries hold; null when one does not.
    entries: Option<u64>,
    /// The first entry that does not.
    broken: Option<Broken>,
    /// When it was begun; entries made since are not among those that were looked at.
    began_at: Timestamp,
    ended_at: Timestamp,
}

/// An entry that does not hold.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditBroken)]
struct Broken {
    /// The chain of the process that wrote it.
    chain: String,
    /// Its place in the chain.
    seq: i64,
    /// What is wrong, in Chinese.
    reason: String,
}

/// Recompute every hash chain of the audit log (R63). For the audit administrator; that it was done, and what came of
/// it, is logged.
#[utoipa::path(post, path = "/api/v1/audit/verification", tag = "accounts",
    responses((status = 200, body = Found), (status = 403)))]
async fn verification(State(app): State<App>, Admin(caller): AuditAdmin) -> Result<Json<Found>> {
    let began_at = app.env().now();
    let (entries, broken) = match verify(app.db()).await? {
        Verdict::Sound(entries) => (Some(entries), None),
        Verdict::Broken { chain, seq, flaw } => (None, Some(Broken { chain, seq, reason: flaw.sentence() })),
    };
    let detail = json!({ "entries": entries, "broken": broken.as_ref().map(|b| json!([b.chain, b.seq])) });
    app.db()
        .write(move |tx| async move {
            tx.audit(caller.entry("audit.verify", "audit").detail(detail));
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(Json(Found { sound: broken.is_none(), entries, broken, began_at, ended_at: app.env().now() }))
}
