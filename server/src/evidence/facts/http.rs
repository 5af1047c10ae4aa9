//! Routes of capture facts.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Facts;
use super::checks::{self, Circumstances, Doubt, Target};
use super::sql::{self, Kept, Photographed, Subject};
use crate::auth::rights::{FilePatrols, ReadCases};
use crate::auth::{Scope, Units};
use crate::db::{Text, Timestamp};
use crate::error::{Problem, Result};
use crate::evidence::{self, MediaType};
use crate::extract::{Json, Path, Query};
use crate::geo::ParcelShape;
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(hand_in, get))
}

/// What is known of a photo.
#[derive(Serialize, ToSchema)]
struct AboutPhoto {
    /// The photo.
    sha256: String,
    /// SM3 of its bytes.
    sm3: String,
    /// Bytes.
    size: i64,
    /// `image/jpeg`
    #[schema(value_type = String)]
    media_type: Text<MediaType>,
    /// When it was acknowledged.
    stored_at: Timestamp,
    /// What its camera knew, as each who handed it in says.
    facts: Vec<ToldFacts>,
    /// What looks odd (存疑), for each case that the caller may see; of the photo itself where it has none.
    doubts: Vec<DoubtedPhoto>,
}

/// Facts as somebody handed them in.
#[derive(Serialize, ToSchema)]
struct ToldFacts {
    /// Who.
    name: String,
    /// What.
    facts: Facts,
    /// When they came.
    received_at: Timestamp,
    /// The chain that they are a link of.
    chain: String,
    /// The link's number in it.
    seq: i64,
    /// The link's SM3.
    hash: String,
}

/// What looks odd in the light of one case.
#[derive(Serialize, ToSchema)]
struct DoubtedPhoto {
    /// The case; null for what does not depend on one.
    case: Option<String>,
    /// What.
    #[serde(flatten)]
    doubt: Doubt,
}

/// Hand in what the camera knew when it took a photo. Once; the same again changes nothing.
///
/// What looks odd is marked 存疑 and never refused.
#[utoipa::path(post, path = "/api/v1/evidence/{sha256}/facts", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")), request_body = Facts,
    responses((status = 201, body = FactsReceived), (status = 200, body = FactsReceived), (status = 404, description = "hand in the photo first"),
        (status = 409, description = "other facts were handed in before"), (status = 422)))]
async fn hand_in(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    Path(sha256): Path<String>,
    Json(facts): Json<Facts>,
) -> Result<(StatusCode, Json<FactsReceived>)> {
    if !evidence::is_sha256(&sha256) {
        return Err(Problem::not_found());
    }
    let caller = &scope.caller;
    evidence::visible(app.db(), &sha256, &caller.account, &scope.units)
        .await?
        .ok_or_else(|| Problem::not_found().detail("请先上传照片，再提交拍摄信息。"))?;
    let new = super::hand_in(app.db(), caller, &sha256, &facts, app.env().now()).await?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(FactsReceived { sha256 })))
}

/// The receipt of facts.
#[derive(Serialize, ToSchema)]
struct FactsReceived {
    /// The photo.
    sha256: String,
}

/// What is known of a photo, and what looks odd.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}/facts", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    responses((status = 200, body = AboutPhoto), (status = 404)))]
async fn get(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(sha256): Path<String>,
) -> Result<Json<AboutPhoto>> {
    let stored = evidence::seen(&app, &scope, &sha256).await?;
    let about = about(&app, &scope.units, vec![stored.sha256]).await?.pop();
    about.map(Json).ok_or_else(Problem::not_found)
}

/// Which photos are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The case that they belong to.
    case: String,
}

/// The photos of a case.
#[derive(Serialize, ToSchema)]
struct PhotosOfCase {
    /// The photos, the oldest first.
    items: Vec<AboutPhoto>,
}

/// The photos of a case with what is known of each, and what looks odd. Empty when the case is not in the caller's
/// units.
#[utoipa::path(get, path = "/api/v1/evidence", tag = "evidence", params(Asked),
    responses((status = 200, body = PhotosOfCase)))]
async fn list(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Query(asked): Query<Asked>,
) -> Result<Json<PhotosOfCase>> {
    let hashes = sql::of_case(app.db(), &asked.case, &scope.units).await?;
    Ok(Json(PhotosOfCase { items: about(&app, &scope.units, hashes).await? }))
}

async fn about(app: &App, units: &Units, hashes: Vec<String>) -> Result<Vec<AboutPhoto>> {
    let photos = sql::photos(app.db(), &hashes).await?;
    let mut kept: HashMap<String, Vec<Kept>> = HashMap::new();
    for one in sql::of_photos(app.db(), &hashes).await? {
        kept.entry(one.sha256.clone()).or_default().push(one);
    }
    let named: Vec<_> = kept.values().flatten().filter_map(|one| one.facts().previous).collect();
    let missing: BTreeSet<_> = evidence::missing(app.db(), &named).await?.into_iter().collect();
    let mut subjects: HashMap<String, Vec<Subject>> = HashMap::new();
    for subject in sql::subjects(app.db(), &hashes).await? {
        subjects.entry(subject.sha256.clone()).or_default().push(subject);
    }
    let about = photos.into_iter().map(|photo| {
        let kept = kept.remove(&photo.sha256).unwrap_or_default();
        let subjects = subjects.remove(&photo.sha256).unwrap_or_default();
        let doubts = doubted(app, units, &photo, &kept, &subjects, &missing);
        AboutPhoto {
            doubts,
            facts: kept.into_iter().map(ToldFacts::from).collect(),
            ..AboutPhoto::from(photo)
        }
    });
    Ok(about.collect())
}

/// What looks odd: about the photo itself, or about each case of the caller's that it belongs to.
fn doubted(
    app: &App,
    units: &Units,
    photo: &Photographed,
    kept: &[Kept],
    subjects: &[Subject],
    missing: &BTreeSet<String>,
) -> Vec<DoubtedPhoto> {
    let seen: Vec<_> = subjects.iter().filter(|subject| units.contain_code(&subject.unit)).collect();
    let lights: Vec<_> = match seen.as_slice() {
        [] => vec![(None, None)],
        seen => seen.iter().map(|subject| (Some(subject.case_id.clone()), Some(target(subject)))).collect(),
    };
    let others = subjects.iter().map(|subject| &subject.case_id).collect::<BTreeSet<_>>().len();
    let mut all = Vec::new();
    for (case, target) in lights {
        let mut doubts = Vec::new();
        // Who handed it in first took it.
        match kept.first().map(|kept| (kept, kept.facts())) {
            None => doubts.push(checks::without_facts()),
            Some((kept, facts)) => {
                let around = Circumstances {
                    received_at: kept.received_at,
                    sm3: &photo.sm3,
                    previous_known: facts
                        .previous
                        .as_ref()
                        .is_none_or(|previous| !missing.contains(previous)),
                };
                doubts.extend(checks::doubts(
                    &facts,
                    &around,
                    target.as_ref(),
                    &app.policy().evidence.checks,
                ));
            }
        }
        if case.is_some() && others > 1 {
            doubts.push(checks::used_before(others - 1));
        }
        all.extend(doubts.into_iter().map(|doubt| DoubtedPhoto { case: case.clone(), doubt }));
    }
    all
}

fn target(subject: &Subject) -> Target {
    let outline = subject.shape.as_deref().and_then(|bytes| ParcelShape::from_bytes(bytes).ok());
    let place = subject.lon.zip(subject.lat).map(|(x, y)| geo::Coord { x, y });
    Target { outline: outline.map(|shape| shape.to_lonlat()), place }
}

impl From<Photographed> for AboutPhoto {
    fn from(photo: Photographed) -> Self {
        let Photographed { sha256, sm3, size, media_type, stored_at, .. } = photo;
        Self { sha256, sm3, size, media_type, stored_at, facts: Vec::new(), doubts: Vec::new() }
    }
}

impl From<Kept> for ToldFacts {
    fn from(kept: Kept) -> Self {
        let facts = kept.facts();
        let Kept { name, chain, seq, hash, received_at, .. } = kept;
        Self { name, facts, received_at, chain, seq, hash }
    }
}
