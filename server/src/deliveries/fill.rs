//! Fills the outbox from what is not sent yet.

use serde_json::json;

use super::sql::{self, NewDelivery};
use super::{Channels, Subject};
use crate::cases;
use crate::db::Tx;
use crate::error::Problem;
use crate::grid::Grid;
use crate::notices;
use crate::state::App;

/// So many at a time, so that nobody waits for the writer.
const AT_ONCE: i64 = 200;

/// Puts into the outbox what changed; answers how many deliveries were made. Several processes may do it at
/// once, and it may be cut off anywhere: one version of a thing makes one delivery a channel.
pub async fn fill(app: &App) -> Result<usize, Problem> {
    let mut made = 0;
    loop {
        let at = app.clone();
        let (found, new) = app.db().write(move |tx| async move { some(&tx, &at).await }).await?;
        made += new;
        if found == 0 {
            return Ok(made);
        }
    }
}

async fn some(tx: &Tx, app: &App) -> Result<(usize, usize), Problem> {
    let (channels, grid) = (app.channels(), app.grid());
    let (mut found, mut made) = (0, 0);
    for case in cases::sql::unsent(tx, AT_ONCE).await? {
        found += 1;
        made += of_case(tx, app, channels, &grid, &case).await?;
        cases::sql::set_sent(tx, &case.id, case.version).await?;
    }
    for notice in notices::sql::unsent(tx, AT_ONCE).await? {
        found += 1;
        made += of_notice(tx, app, channels, &notice).await?;
        notices::sql::set_sent(tx, &notice.id).await?;
    }
    Ok((found, made))
}

/// A case as the next platform is told: no persons, no words of the public.
async fn of_case(
    tx: &Tx,
    app: &App,
    channels: &Channels,
    grid: &Grid,
    case: &cases::sql::Stored,
) -> Result<usize, Problem> {
    let mut made = 0;
    let body = json!({
        "subject": Subject::Case,
        "external_id": case.id,
        "version": case.version,
        "unit": case.unit.as_str(),
        "unit_name": grid.full_name(&case.unit),
        "source": case.source.name(),
        "source_title": case.source.title(),
        "kind": case.kind.name(),
        "kind_title": case.kind.title(),
        "severity": case.severity.name(),
        "state": case.state.name(),
        "state_title": case.state.title(),
        "parcel": case.parcel.as_ref().map(|code| code.as_str()),
        "permanent": case.permanent,
        "lon": case.lon,
        "lat": case.lat,
        "round": case.round,
        "found_at": case.found_at,
        "stopped_at": case.stopped_at,
        "rectified_at": case.rectified_at,
        "closed_at": case.closed_at,
        "withdrawn_at": case.withdrawn_at,
    });
    for channel in channels.of(Subject::Case) {
        let id = app.env().new_id();
        let new = NewDelivery {
            id: &id,
            channel: &channel.name,
            unit: Some(case.unit.0),
            subject: Subject::Case,
            subject_id: &case.id,
            version: case.version,
            body: body.to_string(),
            now: app.env().now(),
        };
        made += sql::insert(tx, new).await? as usize;
    }
    Ok(made)
}

async fn of_notice(
    tx: &Tx,
    app: &App,
    channels: &Channels,
    notice: &notices::sql::Unsent,
) -> Result<usize, Problem> {
    let mut made = 0;
    let unit = gengwei_proto::RegionCode::parse(&notice.recipient).ok();
    for channel in channels.of(Subject::Notice).filter(|channel| notice.urgent || !channel.urgent_only) {
        let accounts = notices::sql::accounts_of(tx, &notice.recipient, app.env().today()).await?;
        let body = json!({
            "subject": Subject::Notice,
            "id": notice.id,
            "recipient": notice.recipient,
            "accounts": accounts,
            "about": notice.subject.name(),
            "about_id": notice.subject_id,
            "urgent": notice.urgent,
            "title": notice.title,
            "words": notice.words,
            "raised_at": notice.raised_at,
        });
        let id = app.env().new_id();
        let new = NewDelivery {
            id: &id,
            channel: &channel.name,
            unit,
            subject: Subject::Notice,
            subject_id: &notice.id,
            version: 1,
            body: body.to_string(),
            now: app.env().now(),
        };
        made += sql::insert(tx, new).await? as usize;
    }
    Ok(made)
}
