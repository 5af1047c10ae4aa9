//! Routes of deliveries.

use axum::body::Body;
use axum::extract::State as Part;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sql::{self, Filter, Stored};
use super::{State, Subject, package, receipts};
use crate::auth::Scope;
use crate::auth::rights::{ManageDeliveries, ReadCases};
use crate::body;
use crate::db::Timestamp;
use crate::error::{self, Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::grid::Grid;
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(channels))
        .routes(routes!(resend))
        .routes(routes!(pack))
        .routes(routes!(packed))
}

/// The upload of receipts, which may take as long as bytes come.
pub fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import_receipts))
}

/// The most bytes of a table of receipts.
const LARGEST: usize = 16 << 20;

/// A delivery.
#[derive(Serialize, ToSchema)]
struct Delivery {
    /// The idempotency key that the receiver sees.
    id: String,
    channel: String,
    unit: Option<String>,
    unit_name: Option<String>,
    subject: Subject,
    /// The external id: the case's, or the notice's.
    subject_id: String,
    /// The version that was sent.
    version: i64,
    state: State,
    state_title: &'static str,
    attempts: i64,
    /// When it is tried next.
    next_at: Option<Timestamp>,
    /// What went wrong last.
    error: Option<String>,
    package: Option<String>,
    /// What the other side calls it.
    receipt: Option<String>,
    /// Why it was rejected.
    answer: Option<String>,
    made_at: Timestamp,
    updated_at: Timestamp,
}

impl Delivery {
    fn new(grid: &Grid, stored: Stored) -> Self {
        Self {
            unit: stored.unit.map(|unit| unit.to_string()),
            unit_name: stored.unit.map(|unit| grid.full_name(&unit)),
            subject: stored.subject.0,
            state: stored.state.0,
            state_title: stored.state.title(),
            next_at: (stored.state.0 == State::Waiting).then_some(stored.next_at),
            id: stored.id,
            channel: stored.channel,
            subject_id: stored.subject_id,
            version: stored.version,
            attempts: stored.attempts,
            error: stored.error,
            package: stored.package,
            receipt: stored.receipt,
            answer: stored.answer,
            made_at: stored.made_at,
            updated_at: stored.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only in this unit and below.
    region: Option<String>,
    /// `dead` lists the dead letters.
    state: Option<State>,
    channel: Option<String>,
    /// Only of this case.
    case: Option<String>,
}

/// What was sent, what waits, what has arrived (R30), the newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(Wanted, Paging),
    responses((status = 200, body = Page<Delivery>), (status = 404, description = "the region is out of scope")))]
async fn list(
    Part(app): Part<App>,
    scope: Scope<ReadCases>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Delivery>>> {
    let units = scope.narrow(wanted.region.as_deref())?;
    let limit = paging.limit()?;
    let filter = Filter {
        state: wanted.state,
        channel: wanted.channel,
        subject_id: wanted.case,
        before: paging.after()?,
    };
    let rows = sql::list(app.db(), &units, &filter, limit + 1).await?;
    let grid = app.grid();
    Ok(Json(Page::new(rows, limit, |d| d.id.clone()).map(|d| Delivery::new(&grid, d))))
}

/// A way out of the house, and how many of the caller's deliveries stand where on it.
#[derive(Serialize, ToSchema)]
struct ChannelListed {
    name: String,
    /// What it carries.
    subject: Subject,
    /// Whether it is pushed; otherwise it goes by package.
    pushes: bool,
    counts: ChannelCounts,
}

#[derive(Default, Serialize, ToSchema)]
struct ChannelCounts {
    waiting: i64,
    packed: i64,
    delivered: i64,
    dead: i64,
    accepted: i64,
    rejected: i64,
}

impl ChannelCounts {
    fn put(&mut self, state: State, count: i64) {
        match state {
            State::Waiting => self.waiting = count,
            State::Packed => self.packed = count,
            State::Delivered => self.delivered = count,
            State::Dead => self.dead = count,
            State::Accepted => self.accepted = count,
            State::Rejected => self.rejected = count,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Channels)]
struct AllChannels {
    items: Vec<ChannelListed>,
}

/// The channels that are configured, each with what waits and what has arrived.
#[utoipa::path(get, path = "/api/v1/deliveries/channels", tag = "deliveries",
    responses((status = 200, body = AllChannels)))]
async fn channels(Part(app): Part<App>, scope: Scope<ReadCases>) -> Result<Json<AllChannels>> {
    let counted = sql::counts(app.db(), &scope.units).await?;
    let listed = app.channels().all.iter().map(|channel| {
        let mut counts = ChannelCounts::default();
        for (_, state, count) in counted.iter().filter(|(name, ..)| *name == channel.name) {
            counts.put(state.0, *count);
        }
        ChannelListed {
            name: channel.name.clone(),
            subject: channel.subject,
            pushes: channel.url.is_some(),
            counts,
        }
    });
    Ok(Json(AllChannels { items: listed.collect() }))
}

/// Send a dead letter, a rejected or an unanswered delivery again.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/resend", tag = "deliveries", params(("id" = String, Path)),
    responses((status = 200, body = Delivery), (status = 404), (status = 409, description = "it waits already")))]
async fn resend(
    Part(app): Part<App>,
    scope: Scope<ManageDeliveries>,
    Path(id): Path<String>,
) -> Result<Json<Delivery>> {
    let stored = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&stored.unit.ok_or_else(Problem::not_found)?.0)?;
    let (caller, now, subject) = (scope.caller.clone(), app.env().now(), id.clone());
    app.db()
        .write(move |tx| async move {
            if sql::resend(&tx, &subject, now).await? == 0 {
                return Err(Problem::new(error::CONFLICT).detail("这项报送正在等待发送，或对方已接收。"));
            }
            tx.audit(caller.entry("delivery.resend", subject));
            Ok(())
        })
        .await?;
    let stored = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(Delivery::new(&app.grid(), stored)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPackage)]
struct Wrap {
    /// The channel's name.
    channel: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryPackage)]
struct Wrapped {
    /// `GET /api/v1/deliveries/packages/{id}` fetches it, again and again.
    id: String,
    /// How many deliveries are in it.
    deliveries: u64,
}

/// Pack what waits on a channel that has no address, to be carried over by hand.
#[utoipa::path(post, path = "/api/v1/deliveries/packages", tag = "deliveries", request_body = Wrap,
    responses((status = 201, body = Wrapped), (status = 409, description = "nothing waits"),
        (status = 422, description = "no such channel, or one that pushes")))]
async fn pack(
    Part(app): Part<App>,
    scope: Scope<ManageDeliveries>,
    Json(wrap): Json<Wrap>,
) -> Result<(StatusCode, Json<Wrapped>)> {
    let channel = app.channels().named(&wrap.channel).filter(|channel| channel.url.is_none());
    if channel.is_none() {
        return Err(Problem::invalid("/channel", "没有这个以文件报送的通道。"));
    }
    super::fill(&app).await?;
    let (id, now, units, caller) =
        (app.env().new_id(), app.env().now(), scope.units.clone(), scope.caller.clone());
    let package = id.clone();
    let deliveries = app
        .db()
        .write(move |tx| async move {
            let count = sql::pack(&tx, &wrap.channel, &units, &package, now).await?;
            if count == 0 {
                return Err(Problem::new(error::CONFLICT).detail("没有等待报送的内容。"));
            }
            tx.audit(caller.entry("delivery.pack", package).detail(json!({"deliveries": count})));
            Ok(count)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(Wrapped { id, deliveries })))
}

/// A package as a ZIP: manifest.json with the hashes, deliveries.jsonl with one object a line.
#[utoipa::path(get, path = "/api/v1/deliveries/packages/{id}", tag = "deliveries", params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 404)))]
async fn packed(
    Part(app): Part<App>,
    scope: Scope<ManageDeliveries>,
    Path(id): Path<String>,
) -> Result<Response> {
    let deliveries = sql::packed(app.db(), &id).await?;
    let Some(first) = deliveries.first() else { return Err(Problem::not_found()) };
    for delivery in &deliveries {
        scope.require(&delivery.unit.ok_or_else(Problem::not_found)?.0)?;
    }
    let at = deliveries.iter().map(|delivery| delivery.made_at).max().unwrap_or(first.made_at);
    let bytes = package::pack(&id, &first.channel, &deliveries, at)?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.zip\"")),
    ];
    Ok((headers, bytes).into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    /// The channel's name.
    channel: String,
}

/// Import the receipts of a channel: CSV or XLSX with the columns 线索编号, 版本, 状态 (接收 or 退回), 回执号, 原因.
#[utoipa::path(post, path = "/api/v1/deliveries/receipts", tag = "deliveries", params(Of),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = receipts::Read), (status = 422, description = "not such a table")))]
async fn import_receipts(
    Part(app): Part<App>,
    scope: Scope<ManageDeliveries>,
    Query(of): Query<Of>,
    body: Body,
) -> Result<Json<receipts::Read>> {
    let too_large = || Problem::new(error::TOO_LARGE).detail("回执表不能超过 16 MB。");
    let body = body::read(body.into_data_stream(), LARGEST, body::IDLE, too_large).await?;
    Ok(Json(receipts::import(&app, &scope, &of.channel, body).await?))
}
