//! Receipts that come back as a table.

use std::io::Cursor;
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{State, push, sql};
use crate::auth::Scope;
use crate::auth::rights::ManageDeliveries;
use crate::error::{Problem, Result};
use crate::exchange::table::{self, Column, Row, TableOptions};
use crate::state::App;

/// What became of a table of receipts: `read` is the sum of the others.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ReceiptsRead)]
pub(super) struct Read {
    read: u64,
    accepted: u64,
    rejected: u64,
    /// Rows that could not be used, each with its reason.
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceiptRefused)]
struct Refused {
    /// As a spreadsheet program numbers it.
    row: u64,
    reason: String,
}

struct Columns {
    case: Column,
    version: Column,
    status: Column,
    receipt: Option<Column>,
    reason: Option<Column>,
}

struct Receipt {
    row: u64,
    case: String,
    version: i64,
    state: State,
    receipt: Option<String>,
    reason: Option<String>,
}

/// Takes what can be used, and says why the rest cannot. The same table again changes nothing.
pub(super) async fn import(
    app: &App,
    scope: &Scope<ManageDeliveries>,
    channel: &str,
    body: Bytes,
) -> Result<Read> {
    let (receipts, refused) =
        tokio::task::spawn_blocking(move || rows(body)).await.map_err(Problem::internal)??;
    let mut outcome = Read { refused, ..Read::default() };
    for receipt in receipts {
        let row = receipt.row;
        let found = sql::of_version(app.db(), channel, &receipt.case, receipt.version).await?;
        let found = found.filter(|d| d.unit.is_some_and(|unit| scope.units.contain(&unit)));
        let Some(delivery) = found else {
            let reason = "没有报送过这条线索的这个版本。".to_owned();
            outcome.refused.push(Refused { row, reason });
            continue;
        };
        match receipt.state {
            State::Accepted => outcome.accepted += 1,
            _ => outcome.rejected += 1,
        }
        let (at, caller) = (app.clone(), scope.caller.clone());
        app.db()
            .write(move |tx| async move {
                let now = at.env().now();
                let (number, reason) = (receipt.receipt.as_deref(), receipt.reason.as_deref());
                let attempts = delivery.attempts;
                sql::arrived(&tx, &delivery.id, receipt.state, number, reason, attempts, now).await?;
                let first = delivery.state.0 != receipt.state;
                if first && receipt.state == State::Rejected {
                    push::tell(&tx, &at, &delivery, "报送被对方退回").await?;
                }
                let detail = json!({"state": receipt.state});
                tx.audit(caller.entry("delivery.receipt", &*delivery.id).detail(detail));
                Ok::<_, Problem>(())
            })
            .await?;
    }
    outcome.read = outcome.accepted + outcome.rejected + outcome.refused.len() as u64;
    Ok(outcome)
}

fn rows(body: Bytes) -> Result<(Vec<Receipt>, Vec<Refused>)> {
    let unreadable = |error: table::TableError| Problem::invalid("body", error.to_string());
    let mut table = table::read(Cursor::new(body), Path::new("receipts"), &TableOptions::default())
        .map_err(unreadable)?;
    let columns = Columns {
        case: table.column(&["线索编号", "external_id"]).map_err(unreadable)?,
        version: table.column(&["版本", "version"]).map_err(unreadable)?,
        status: table.column(&["状态", "status"]).map_err(unreadable)?,
        receipt: table.find(&["回执号", "receipt"]).map_err(unreadable)?,
        reason: table.find(&["原因", "reason"]).map_err(unreadable)?,
    };
    let (mut receipts, mut refused) = (Vec::new(), Vec::new());
    for row in &mut table {
        let read = row.map_err(|e| (e.row, e.to_string())).and_then(|row| receipt(&columns, &row));
        match read {
            Ok(receipt) => receipts.push(receipt),
            Err((row, reason)) => refused.push(Refused { row, reason }),
        }
    }
    Ok((receipts, refused))
}

fn receipt(columns: &Columns, row: &Row) -> std::result::Result<Receipt, (u64, String)> {
    let fault = |e: table::CellError| (e.row, e.to_string());
    let wrong = |reason: &str| (row.number, reason.to_owned());
    let optional = |column: &Option<Column>| match column {
        Some(column) => row.text(column).map_err(fault),
        None => Ok(None),
    };
    let version = row.required_text(&columns.version).map_err(fault)?;
    let state = match row.required_text(&columns.status).map_err(fault)?.as_str() {
        "接收" | "accepted" => State::Accepted,
        "退回" | "rejected" => State::Rejected,
        _ => return Err(wrong("状态应为“接收”或“退回”。")),
    };
    Ok(Receipt {
        row: row.number,
        case: row.required_text(&columns.case).map_err(fault)?,
        version: version.parse().map_err(|_| wrong("版本应为整数。"))?,
        state,
        receipt: optional(&columns.receipt)?,
        reason: optional(&columns.reason)?,
    })
}
