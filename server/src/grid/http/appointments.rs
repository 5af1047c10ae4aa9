//! Routes of appointments: who begins, who ends, who was, who is missing.

use axum::extract::State;
use axum::http::StatusCode;
use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{require_editable, visible};
use crate::auth::Scope;
use crate::auth::rights::{EditGrid, ReadGrid};
use crate::db::Text;
use crate::env::is_uuid_v7;
use crate::error::{self, Problem, Result};
use crate::exchange::rejects::Outcome;
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::grid::appointments::{Role, Term};
use crate::grid::book::{Book, Defaults, Said, Who};
use crate::grid::{is_plain, sql};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(appoint))
        .routes(routes!(end))
        .routes(routes!(history))
        .routes(routes!(vacancies))
}

/// An appointment: the person either by id or by name.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewAppointment)]
struct Appoint {
    /// The unit's code.
    unit: String,
    role: Role,
    /// The id of a known person.
    person: Option<String>,
    /// The name. Without `person`, the same name in the same role of the same unit is the same person.
    #[schema(min_length = 1, max_length = 32)]
    name: Option<String>,
    /// Whether the public may see the name; at level 6 not without it.
    consent: Option<bool>,
    /// 职务
    #[schema(max_length = 64)]
    title: Option<String>,
    /// 自然资源 or 农业农村, for a deputy.
    portfolio: Option<String>,
    /// 组长 or 村委会确定, for a group's leader.
    basis: Option<String>,
    /// One of the eight departments, for a member or liaison.
    department: Option<String>,
    /// The first day.
    #[schema(value_type = String, format = Date)]
    starts: Text<Date>,
    /// The first day on which it no longer holds.
    #[schema(value_type = Option<String>, format = Date)]
    ends: Option<Text<Date>>,
    /// The document it rests on.
    #[schema(min_length = 1, max_length = 128)]
    source: String,
}

impl Appoint {
    fn said(self, unit: RegionCode) -> Result<Said> {
        let plain = |text: &Option<String>, most| text.as_ref().is_none_or(|text| is_plain(text, most));
        if !plain(&self.name, 32) {
            return Err(Problem::invalid("/name", "姓名应为 1 至 32 个字符。"));
        }
        if !plain(&self.title, 64) {
            return Err(Problem::invalid("/title", "职务应为 1 至 64 个字符。"));
        }
        if !plain(&self.person, 64) {
            return Err(Problem::invalid("/person", "没有这个人。"));
        }
        check_source(&self.source)?;
        let name = self.name.map(|name| name.trim().to_owned());
        Ok(Said {
            who: Who { id: self.person, name, consent: self.consent },
            unit,
            role: self.role,
            title: self.title,
            portfolio: self.portfolio,
            basis: self.basis,
            department: self.department,
            starts: Some(self.starts.0),
            ends: self.ends.map(|ends| ends.0),
            source: Some(self.source.trim().to_owned()),
        })
    }
}

/// Appoint somebody. The earlier term of a post that one person holds ends on the same day.
///
/// The same appointment again answers 200, with whatever is said more about it. Nobody appoints himself.
#[utoipa::path(post, path = "/api/v1/appointments", tag = "grid", request_body = Appoint,
    responses((status = 201, body = Term), (status = 200, body = Term, description = "it stands already"),
        (status = 400), (status = 401), (status = 403), (status = 404), (status = 413), (status = 415),
        (status = 422)))]
async fn appoint(
    State(app): State<App>,
    scope: Scope<EditGrid>,
    Json(body): Json<Appoint>,
) -> Result<(StatusCode, Json<Term>)> {
    let unit = visible(&app, &scope, &body.unit)?;
    require_editable(&scope, &unit)?;
    let said = body.said(unit)?;
    let starts = said.starts.unwrap_or_else(|| app.env().today());
    let grid = app.grid();
    let open = grid.unit(&unit).ok_or_else(Problem::not_found)?.check_open(starts);
    open.map_err(|reason| Problem::invalid("/starts", reason))?;
    let env = app.env().clone();
    let (outcome, id) = app
        .db()
        .write(move |tx| async move {
            let mut book = Book::of_unit(&tx, &unit).await?;
            // Whoever never held anything in the caller's units is nobody he may know of.
            if let Some(person) = &said.who.id
                && !book.introduce(&tx, person, &scope.units).await?
            {
                return Err(Problem::invalid("/person", "没有这个人。"));
            }
            let defaults = Defaults { starts, source: String::new() };
            let invalid = |reason| Problem::new(error::INVALID).detail(reason);
            let entered = book.appoint(&env, &said, &defaults).map_err(invalid)?;
            if book.holder(&unit, &entered.1) == scope.caller.person.as_deref() {
                return Err(Problem::new(error::FORBIDDEN).detail("不能任命自己。"));
            }
            book.store(&tx, &env, &scope.caller).await?;
            Ok(entered)
        })
        .await?;
    app.refresh().await?;
    let term = sql::term(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let status = if outcome == Outcome::Imported { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(term)))
}

fn check_source(source: &str) -> Result<()> {
    if is_plain(source, 128) {
        Ok(())
    } else {
        Err(Problem::invalid("/source", "须注明依据的文件，不超过 128 个字符。"))
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = AppointmentEnd)]
struct End {
    /// The first day on which it no longer holds. The first day of the term itself takes back a mistake.
    #[schema(value_type = String, format = Date)]
    ends: Text<Date>,
    /// The document it rests on.
    #[schema(min_length = 1, max_length = 128)]
    source: String,
}

/// End an appointment. It stays in the history.
#[utoipa::path(post, path = "/api/v1/appointments/{id}/end", tag = "grid",
    params(("id" = String, Path, description = "the appointment")), request_body = End,
    responses((status = 200, body = Term), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "it has ended already"), (status = 413), (status = 415), (status = 422)))]
async fn end(
    State(app): State<App>,
    scope: Scope<EditGrid>,
    Path(id): Path<String>,
    Json(body): Json<End>,
) -> Result<Json<Term>> {
    if !is_uuid_v7(&id) {
        return Err(Problem::not_found());
    }
    check_source(&body.source)?;
    let source = body.source.trim().to_owned();
    let ends = body.ends.0;
    let found = sql::term(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let unit = visible(&app, &scope, found.unit.as_str())?;
    require_editable(&scope, &unit)?;
    if ends < *found.starts || ends.year() > 2199 {
        return Err(Problem::invalid("/ends", format!("离任日期不能早于任职日期 {}。", *found.starts)));
    }
    let term = id.clone();
    app.db()
        .write(move |tx| async move {
            if !sql::end_term(&tx, &term, ends).await? {
                return Err(Problem::new(error::CONFLICT).detail("任期已经结束。"));
            }
            let detail = serde_json::json!({"unit": unit, "ends": ends, "source": source});
            tx.audit(scope.caller.entry("appointment.end", term).detail(detail));
            tx.touch(crate::db::Topic::Grid).await?;
            Ok(())
        })
        .await?;
    app.refresh().await?;
    Ok(Json(sql::term(app.db(), &id).await?.ok_or_else(Problem::not_found)?))
}

/// Everybody who ever held something in a unit, the latest first: the responsible, office, members, liaisons
/// and workers. One page.
#[utoipa::path(get, path = "/api/v1/regions/{code}/appointments", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits")),
    responses((status = 200, body = Page<Term>), (status = 401), (status = 403), (status = 404)))]
async fn history(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    Path(code): Path<String>,
) -> Result<Json<Page<Term>>> {
    let code = visible(&app, &scope, &code)?;
    Ok(Json(Page { items: sql::history(app.db(), &code).await?, next: None }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InRegion {
    /// Only this unit and those below it.
    region: Option<String>,
}

/// A unit that takes part and has nobody responsible.
#[derive(Serialize, ToSchema)]
struct Vacancy {
    /// The unit's code.
    unit: String,
    /// With county, township and village.
    full_name: String,
    /// 2 to 6.
    level: u8,
    /// Who is missing.
    role: Role,
    /// Chinese, for people.
    title: &'static str,
}

/// Units with farmland tasks that have no chief, village head or group leader today, by code.
#[utoipa::path(get, path = "/api/v1/vacancies", tag = "grid", params(InRegion, Paging),
    responses((status = 200, body = Page<Vacancy>), (status = 400), (status = 401), (status = 403),
        (status = 404), (status = 422)))]
async fn vacancies(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    Query(filter): Query<InRegion>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Vacancy>>> {
    let units = scope.narrow(filter.region.as_deref())?;
    let (after, limit) = (paging.after::<String>()?, paging.limit()?);
    let grid = app.grid();
    let mut vacant: Vec<_> = units.iter().flat_map(|top| grid.vacancies(top)).map(|unit| unit.code).collect();
    vacant.sort_unstable();
    let beyond = |code: &RegionCode| after.as_deref().is_none_or(|after| code.as_str() > after);
    let page = vacant.into_iter().filter(beyond).take(usize::try_from(limit).unwrap_or(0) + 1);
    let page = Page::new(page.collect(), limit, |code| code.to_string());
    Ok(Json(page.map(|code| {
        let role = Role::required_at(code.level());
        Vacancy {
            unit: code.to_string(),
            full_name: grid.full_name(&code),
            level: code.level().number(),
            role,
            title: role.title(),
        }
    })))
}
