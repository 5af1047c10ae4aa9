//! What a scan finds: the parcel behind a label, reduced to what may be shown.

use gengwei_proto::{Level, ParcelCode, RegionCode};

use super::sql;
use crate::error::{Problem, Result};
use crate::geo::mu;
use crate::grid::Grid;
use crate::grid::appointments::Term;
use crate::parcels::classes;
use crate::posts::tag;
use crate::state::App;

/// All that the public page may say.
#[derive(Debug)]
pub(super) struct Facts {
    /// For our own use: where a report goes. Post 0: no label was scanned.
    pub parcel_id: i64,
    pub unit: RegionCode,
    pub post: i64,
    /// The parcel's present code.
    pub code: ParcelCode,
    /// The code on the label, when the post has moved since.
    pub moved_from: Option<ParcelCode>,
    pub place: String,
    /// 亩, one decimal.
    pub mu: String,
    pub permanent: bool,
    pub class: &'static str,
    pub crop: Option<&'static str>,
    pub responsible: Vec<Responsible>,
    pub phones: Vec<Phone>,
    pub retired: bool,
    /// The codes that came from a retired parcel.
    pub successors: Vec<ParcelCode>,
}

/// A post and, where it may be shown, a name.
#[derive(Debug, PartialEq)]
pub(super) struct Responsible {
    pub level: &'static str,
    pub unit: String,
    pub post: String,
    pub name: Option<String>,
}

/// An office's phone.
#[derive(Debug, PartialEq)]
pub(super) struct Phone {
    pub office: String,
    pub number: String,
}

/// What the label leads to. A code that is none, a forged, missing or malformed tag and an unknown post are
/// refused alike, and at the same cost: one MAC, one read.
pub(super) async fn find(app: &App, code: &str, tag_text: &str) -> Result<Facts> {
    // Any valid code does for the MAC of a request that is refused anyway.
    let printed = ParcelCode::parse(code).ok();
    let checked =
        printed.unwrap_or_else(|| ParcelCode::from_body("6405021022100100001").expect("a valid body"));
    let genuine = tag::verify(app.keys(), &checked, tag_text).ok().filter(|_| printed.is_some());
    let number = genuine.map_or(0, |post| i64::from(post.get()));
    let Some(row) = sql::scanned(app.db(), number).await? else {
        return Err(Problem::not_found().detail("这个码不是本系统发放的，或者没有扫完整。"));
    };
    assemble(app, row, checked, number).await
}

/// The same for a report that comes without a label, by the parcel's code alone: whoever knows a field may
/// report on it.
pub(super) async fn by_code(app: &App, code: &str) -> Result<Facts> {
    let unknown = || Problem::not_found().detail("没有这个地块码，请检查是否输错。");
    let code = ParcelCode::parse(code).map_err(|_| unknown())?;
    let row = sql::coded(app.db(), &code).await?.ok_or_else(unknown)?;
    assemble(app, row, code, 0).await
}

async fn assemble(app: &App, row: sql::Scanned, printed: ParcelCode, post: i64) -> Result<Facts> {
    let successors = match row.retired_on {
        Some(_) => sql::successors(app.db(), row.parcel_id).await?.into_iter().map(|(c,)| c.0).collect(),
        None => Vec::new(),
    };
    let grid = app.grid();
    let unit = row.unit.0;
    Ok(Facts {
        parcel_id: row.parcel_id,
        unit,
        post,
        code: row.code.0,
        moved_from: (row.code.0 != printed).then_some(printed),
        place: village_name(&grid, &unit),
        mu: format!("{:.1}", mu(row.tbmj.unwrap_or(row.area))),
        permanent: row.permanent,
        class: classes::name(&row.dlbm).unwrap_or("耕地"),
        crop: row.crop.as_deref().and_then(classes::crop_name),
        responsible: responsible(&grid, &unit, &app.policy().public.levels),
        phones: phones(&grid, &unit),
        retired: row.retired_on.is_some(),
        successors,
    })
}

/// County, township and village; the group is a matter of the village.
fn village_name(grid: &Grid, unit: &RegionCode) -> String {
    grid.full_name(&unit.ancestor(Level::Village).unwrap_or(*unit))
}

/// The responsible of the levels that the policy names, and the group by its post alone: its leader is no
/// civil servant, and is named only with recorded consent (个人信息保护法第十三条).
fn responsible(grid: &Grid, unit: &RegionCode, levels: &[u8]) -> Vec<Responsible> {
    let mut all = Vec::new();
    for unit in grid.path(unit) {
        let (level, shown) = (unit.level(), levels.contains(&unit.level().number()));
        if !shown && level != Level::Group {
            continue;
        }
        for term in grid.terms(&unit).iter().filter(|t| t.role.is_responsible()) {
            all.push(Responsible {
                level: level_name(level),
                unit: grid.name(&unit).to_owned(),
                post: post(grid, &unit, term),
                name: Some(&term.name).filter(|_| term.shows_name).cloned(),
            });
        }
    }
    all
}

fn post(grid: &Grid, unit: &RegionCode, term: &Term) -> String {
    if unit.level() == Level::Group {
        return format!("{}责任人", grid.name(unit));
    }
    term.title.clone().unwrap_or_else(|| term.role.title().to_owned())
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::City => "市级",
        Level::County => "县级",
        Level::Township => "乡级",
        Level::Village => "村级",
        Level::Group => "组级",
    }
}

fn phones(grid: &Grid, unit: &RegionCode) -> Vec<Phone> {
    let units = [Level::Village, Level::Township].into_iter().filter_map(|level| unit.ancestor(level));
    let phone = |unit: RegionCode| {
        let found = grid.unit(&unit)?;
        let office = match unit.level() {
            Level::Township => format!("{}人民政府", found.name),
            _ => found.name.clone(),
        };
        Some(Phone { office, number: found.office_phone.clone()? })
    };
    units.filter_map(phone).collect()
}
