//! Routes of OGC API – Features.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::crs::{self, Crs};
use super::sql::Wanted;
use super::{Feature, Found, Link, cases, parcels, patches, wrong};
use crate::auth::Scope;
use crate::auth::rights::{ReadCases, ReadParcels};
use crate::error::Result;
use crate::extract::{Json, Path, Query, origin};
use crate::state::App;

const JSON: &str = "application/json";
const GEOJSON: &str = "application/geo+json";
/// Features a page: when nothing is asked for, and at most.
const PAGE: (usize, usize) = (100, 2000);

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(landing))
        .routes(routes!(conformance))
        .routes(routes!(collections))
        .routes(routes!(parcel_collection))
        .routes(routes!(parcel_items))
        .routes(routes!(parcel_item))
        .routes(routes!(patch_collection))
        .routes(routes!(patch_items))
        .routes(routes!(patch_item))
        .routes(routes!(case_collection))
        .routes(routes!(case_items))
        .routes(routes!(case_item))
}

/// Where everything is.
#[derive(Serialize, ToSchema)]
#[schema(as = OgcLanding)]
struct Landing {
    title: &'static str,
    description: &'static str,
    links: Vec<Link>,
}

/// The landing page.
#[utoipa::path(get, path = "/ogc", tag = "ogc", responses((status = 200, body = Landing)))]
async fn landing(State(app): State<App>, headers: HeaderMap) -> Json<Landing> {
    let at = origin(&app, &headers);
    let link =
        |path: &str, rel, media_type, title| Link { href: format!("{at}{path}"), rel, media_type, title };
    Json(Landing {
        title: "耕卫",
        description: "地块、变化图斑与问题线索，按登录者的网格范围提供 · parcels, patches and cases, each caller's own units",
        links: vec![
            link("/ogc", "self", JSON, "耕卫"),
            link("/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.1", "OpenAPI"),
            link("/ogc/conformance", "conformance", JSON, "OGC API conformance classes"),
            link("/ogc/collections", "data", JSON, "图层 · collections"),
        ],
    })
}

#[derive(Serialize, ToSchema)]
#[schema(as = OgcConformance)]
struct Conformance {
    #[serde(rename = "conformsTo")]
    conforms_to: [&'static str; 3],
}

/// What of the standard holds.
#[utoipa::path(get, path = "/ogc/conformance", tag = "ogc", responses((status = 200, body = Conformance)))]
async fn conformance() -> Json<Conformance> {
    Json(Conformance {
        conforms_to: [
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
            "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
        ],
    })
}

/// A collection's description.
#[derive(Serialize, ToSchema)]
#[schema(as = OgcCollection)]
struct Collection {
    id: &'static str,
    title: &'static str,
    description: &'static str,
    #[serde(rename = "itemType")]
    item_type: &'static str,
    crs: [&'static str; 3],
    #[serde(rename = "storageCrs")]
    storage_crs: &'static str,
    links: Vec<Link>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OgcCollections)]
struct Collections {
    links: Vec<Link>,
    collections: Vec<Collection>,
    crs: [&'static str; 3],
}

fn describe(at: &str, id: &'static str) -> Collection {
    let (title, description) = match id {
        "parcels" => ("地块", "在册地块（一地一码），面积单位平方米"),
        "patches" => ("变化图斑", "下发的变化图斑及其占用耕地、永久基本农田情况和研判建议，面积单位平方米"),
        _ => ("问题线索", "巡查、群众举报、变化图斑等发现的问题"),
    };
    let link = |path: String, rel, media_type| Link {
        href: format!("{at}/ogc/collections/{path}"),
        rel,
        media_type,
        title,
    };
    Collection {
        id,
        title,
        description,
        item_type: "feature",
        crs: crs::ALL,
        storage_crs: crs::CRS84,
        links: vec![link(id.to_owned(), "self", JSON), link(format!("{id}/items"), "items", GEOJSON)],
    }
}

/// The collections that the caller may read.
#[utoipa::path(get, path = "/ogc/collections", tag = "ogc", responses((status = 200, body = Collections)))]
async fn collections(State(app): State<App>, _: Scope<ReadParcels>, headers: HeaderMap) -> Json<Collections> {
    let at = origin(&app, &headers);
    let me = Link {
        href: format!("{at}/ogc/collections"),
        rel: "self",
        media_type: JSON,
        title: "图层 · collections",
    };
    let collections = ["parcels", "patches", "cases"].map(|id| describe(&at, id)).into();
    Json(Collections { links: vec![me], collections, crs: crs::ALL })
}

/// The parcels.
#[utoipa::path(get, path = "/ogc/collections/parcels", tag = "ogc", responses((status = 200, body = Collection)))]
async fn parcel_collection(
    State(app): State<App>,
    _: Scope<ReadParcels>,
    headers: HeaderMap,
) -> Json<Collection> {
    Json(describe(&origin(&app, &headers), "parcels"))
}

/// The cases.
#[utoipa::path(get, path = "/ogc/collections/cases", tag = "ogc", responses((status = 200, body = Collection)))]
async fn case_collection(
    State(app): State<App>,
    _: Scope<ReadCases>,
    headers: HeaderMap,
) -> Json<Collection> {
    Json(describe(&origin(&app, &headers), "cases"))
}

/// The change patches.
#[utoipa::path(get, path = "/ogc/collections/patches", tag = "ogc", responses((status = 200, body = Collection)))]
async fn patch_collection(
    State(app): State<App>,
    _: Scope<ReadCases>,
    headers: HeaderMap,
) -> Json<Collection> {
    Json(describe(&origin(&app, &headers), "patches"))
}

/// What OGC and we know; any other parameter is an error (OGC 17-069r4, 7.15.1).
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Items {
    /// Features a page, 1 to 2000; more gives 2000. 100 when not given.
    #[param(minimum = 1)]
    limit: Option<usize>,
    /// Four numbers in the order of `bbox-crs`.
    bbox: Option<String>,
    #[serde(rename = "bbox-crs")]
    bbox_crs: Option<String>,
    /// The URI of the system of the answer's coordinates.
    crs: Option<String>,
    /// An instant, or an interval `from/to` with `..` for an open end: when a case was opened, a patch imported. Parcels have no time.
    datetime: Option<String>,
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
    /// As the link `next` has it.
    after: Option<String>,
    /// `json` only.
    f: Option<String>,
}

impl Items {
    fn limit(&self) -> Result<usize> {
        match self.limit.unwrap_or(PAGE.0) {
            0 => Err(wrong("limit", "每页条数应为 1 至 2000。")),
            limit => Ok(limit.min(PAGE.1)),
        }
    }

    fn bbox(&self) -> Result<Option<[f64; 4]>> {
        let system = Crs::named("bbox-crs", self.bbox_crs.as_deref())?;
        self.bbox.as_deref().map(|text| system.bbox(text)).transpose()
    }

    fn crs(&self) -> Result<Crs> {
        if self.f.as_deref().is_some_and(|f| f != "json" && f != "geojson") {
            return Err(wrong("f", "只提供 GeoJSON，f 应为 json。"));
        }
        Crs::named("crs", self.crs.as_deref())
    }

    /// The query of the next page.
    fn next(&self, after: &str) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let given = [
            ("limit", &limit),
            ("bbox", &self.bbox),
            ("bbox-crs", &self.bbox_crs),
            ("crs", &self.crs),
            ("datetime", &self.datetime),
            ("region", &self.region),
        ];
        let mut query = format!("after={after}");
        for (name, value) in given {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        query
    }
}

fn escaped(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~,:/".contains(&b);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A page of features.
#[derive(Serialize, ToSchema)]
#[schema(as = OgcFeatures)]
struct Features {
    #[serde(rename = "type")]
    kind: &'static str,
    features: Vec<Feature>,
    #[serde(rename = "numberMatched", skip_serializing_if = "Option::is_none")]
    matched: Option<usize>,
    #[serde(rename = "numberReturned")]
    returned: usize,
    #[serde(rename = "timeStamp")]
    time: crate::db::Timestamp,
    links: Vec<Link>,
}

fn page(app: &App, headers: &HeaderMap, id: &'static str, asked: &Items, found: Found) -> Result<Response> {
    let at = format!("{}/ogc/collections/{id}", origin(app, headers));
    let link = |href, rel, media_type, title| Link { href, rel, media_type, title };
    let mut links = vec![
        link(format!("{at}/items"), "self", GEOJSON, "本页 · this page"),
        link(at.clone(), "collection", JSON, "图层 · collection"),
    ];
    if let Some(after) = &found.next {
        links.push(link(format!("{at}/items?{}", asked.next(after)), "next", GEOJSON, "下一页 · next page"));
    }
    let body = Features {
        kind: "FeatureCollection",
        returned: found.features.len(),
        features: found.features,
        matched: found.matched,
        time: app.env().now(),
        links,
    };
    Ok(geojson(asked.crs()?, body))
}

fn geojson(crs: Crs, body: impl Serialize) -> Response {
    let content_crs = (header::HeaderName::from_static("content-crs"), format!("<{}>", crs.uri()));
    let mut response = ([content_crs], Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(GEOJSON));
    response
}

/// Parcels in force.
#[utoipa::path(get, path = "/ogc/collections/parcels/items", tag = "ogc", params(Items),
    responses((status = 200, body = Features, content_type = "application/geo+json")))]
async fn parcel_items(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    headers: HeaderMap,
    Query(asked): Query<Items>,
) -> Result<Response> {
    let units = scope.narrow(asked.region.as_deref())?;
    let after = asked.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| wrong("after", "after 应取自上一页的 next 链接。"))?;
    let found = parcels::page(&app, &units, asked.bbox()?, after, asked.limit()?, asked.crs()?).await?;
    page(&app, &headers, "parcels", &asked, found)
}

/// Cases, the newest first.
#[utoipa::path(get, path = "/ogc/collections/cases/items", tag = "ogc", params(Items),
    responses((status = 200, body = Features, content_type = "application/geo+json")))]
async fn case_items(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    headers: HeaderMap,
    Query(asked): Query<Items>,
) -> Result<Response> {
    let units = scope.narrow(asked.region.as_deref())?;
    let opened = asked.datetime.as_deref().map(cases::interval).transpose()?.unwrap_or_default();
    let wanted = Wanted { bbox: asked.bbox()?, opened, before: asked.after.clone() };
    let found = cases::page(&app, &units, &wanted, asked.limit()?, asked.crs()?).await?;
    page(&app, &headers, "cases", &asked, found)
}

/// Change patches, the newest first.
#[utoipa::path(get, path = "/ogc/collections/patches/items", tag = "ogc", params(Items),
    responses((status = 200, body = Features, content_type = "application/geo+json")))]
async fn patch_items(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    headers: HeaderMap,
    Query(asked): Query<Items>,
) -> Result<Response> {
    let units = scope.narrow(asked.region.as_deref())?;
    let opened = asked.datetime.as_deref().map(cases::interval).transpose()?.unwrap_or_default();
    let wanted = Wanted { bbox: asked.bbox()?, opened, before: asked.after.clone() };
    let found = patches::page(&app, &units, &wanted, asked.limit()?, asked.crs()?).await?;
    page(&app, &headers, "patches", &asked, found)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct One {
    /// The URI of the system of the answer's coordinates.
    crs: Option<String>,
}

/// One parcel, by the number that is its feature's id.
#[utoipa::path(get, path = "/ogc/collections/parcels/items/{id}", tag = "ogc", params(("id" = String, Path), One),
    responses((status = 200, body = Feature, content_type = "application/geo+json"), (status = 404)))]
async fn parcel_item(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    Path(id): Path<String>,
    Query(one): Query<One>,
) -> Result<Response> {
    let crs = Crs::named("crs", one.crs.as_deref())?;
    Ok(geojson(crs, parcels::one(&app, &scope.units, &id, crs).await?))
}

/// One change patch.
#[utoipa::path(get, path = "/ogc/collections/patches/items/{id}", tag = "ogc", params(("id" = String, Path), One),
    responses((status = 200, body = Feature, content_type = "application/geo+json"), (status = 404)))]
async fn patch_item(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(id): Path<String>,
    Query(one): Query<One>,
) -> Result<Response> {
    let crs = Crs::named("crs", one.crs.as_deref())?;
    Ok(geojson(crs, patches::one(&app, &scope.units, &id, crs).await?))
}

/// One case.
#[utoipa::path(get, path = "/ogc/collections/cases/items/{id}", tag = "ogc", params(("id" = String, Path), One),
    responses((status = 200, body = Feature, content_type = "application/geo+json"), (status = 404)))]
async fn case_item(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(id): Path<String>,
    Query(one): Query<One>,
) -> Result<Response> {
    let crs = Crs::named("crs", one.crs.as_deref())?;
    Ok(geojson(crs, cases::one(&app, &scope.units, &id, crs).await?))
}
