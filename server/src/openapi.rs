//! The OpenAPI 3.1 document, generated from the handlers.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;

use crate::error::ProblemBody;
use crate::state::App;

#[derive(OpenApi)]
#[openapi(
    info(title = "耕卫 Gengwei", description = "Farmland protection of a prefecture-level city, on five levels \
        (卫政办发〔2023〕74号). Every failure is an RFC 9457 problem; lists answer `items` and `next`."),
    components(schemas(ProblemBody)),
    tags(
        (name = "accounts", description = "Log in; accounts; the audit log"),
        (name = "grid", description = "Units and who is responsible in them"),
        (name = "parcels", description = "Parcels and their codes (一地一码)"),
        (name = "imports", description = "Files to be imported: rosters, parcels"),
        (name = "posts", description = "QR posts (二维码警示桩)"),
        (name = "devices", description = "Posts' radios and tablets: codes, keys, how they fare"),
        (name = "sync", description = "What devices send, exactly once; quarantine"),
        (name = "patrols", description = "Patrols and the ledger (巡查台账)"),
        (name = "cases", description = "Cases (问题线索)"),
        (name = "patches", description = "Change patches (变化图斑) and their batches"),
        (name = "deliveries", description = "What leaves the house: reports to the next platform (R30), messages"),
        (name = "tasks", description = "What villages and groups are asked to look at (任务)"),
        (name = "notices", description = "What the caller and his offices should know"),
        (name = "evidence", description = "Photos"),
        (name = "tiles", description = "Vector tiles (MVT) with TileJSON"),
        (name = "ogc", description = "OGC API – Features, for QGIS and GDAL"),
        (name = "public", description = "What anyone may read and report"),
    )
)]
struct Document;

/// An empty router that carries the document's head.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
}

/// Adds what all operations share: how to authenticate, and that any failure is a problem.
pub fn finish(mut document: utoipa::openapi::OpenApi) -> String {
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::auth::COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    let public =
        |path: &str| !path.starts_with("/api/") || matches!(path, "/api/v1/sessions" | "/api/v1/enrolments");
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("head", &mut item.head),
            ("options", &mut item.options),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(operation_id(method, path));
            let problem = ResponseBuilder::new()
                .description("A problem (RFC 9457)")
                .content("application/problem+json", Content::new(Some(Ref::from_schema_name("ProblemBody"))))
                .build();
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
            if !public(path) {
                operation.security = Some(vec![
                    SecurityRequirement::new::<_, [&str; 0], _>("token", []),
                    SecurityRequirement::new::<_, [&str; 0], _>("cookie", []),
                ]);
            }
        }
    }
    document.to_pretty_json().expect("the document is plain data")
}

/// An operation's name for the generators of clients, unique in the document: `get_cases_id_events`. A handler's
/// own name, which would stand there, is unique in its module only.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// `GET /openapi.json`
pub fn serve(document: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_operations_share_a_name() {
        let document: serde_json::Value = serde_json::from_str(&crate::router::document()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|path| path.as_object().unwrap().values());
        let mut seen = std::collections::BTreeSet::new();
        for id in operations.filter_map(|operation| operation["operationId"].as_str()) {
            assert!(seen.insert(id.to_owned()), "{id} stands there twice");
        }
        assert!(seen.contains("post_cases_id_events"), "{seen:?}");
    }

    /// What programs are written against changes only where a reviewer sees it.
    #[test]
    fn the_committed_document_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let same = committed.trim_end() == crate::router::document();
        assert!(
            same,
            "openapi.json does not say what the handlers do: run `make openapi` and look at the difference"
        );
    }
}
