//! `gengwei demo`: the real divisions of the city with generated groups, the notice's annex, fictional layers of
//! parcels and of a month's change patches, and accounts on every level. Running it again changes nothing.

use std::collections::BTreeSet;
use std::process::ExitCode;

use gengwei_proto::{Level, RegionCode};
use jiff::civil::date;
use serde_json::json;

use super::{Context, told, user};
use crate::accounts::{self, AdminRole, NewAccount};
use crate::auth::Units;
use crate::db::{Topic, Tx};
use crate::error::Problem;
use crate::grid::appointments::{NewTerm, Role};
use crate::grid::{self, Unit};
use crate::parcels::assign::{self, Assignment};
use crate::parcels::import;
use crate::patches;
use crate::posts;
use crate::state::App;

const DIVISIONS: &str = include_str!("../../assets/demo/divisions.csv");
const LAYER: &[u8] = include_bytes!("../../assets/demo/dltb-shp-gbk.zip");
/// Of every demo account. A demo is no secret.
const PASSWORD: &str = "Gengwei-2023";
const SOURCE: &str = "演示数据";

/// An account of the demo: login, name, where, as what, with which title and basis.
struct Post(&'static str, &'static str, &'static str, Role, &'static str, Option<&'static str>);

/// The chain of five levels, and a neighbour who must see nothing of it.
const POSTS: [Post; 9] = [
    Post("city", "韩建国", "6405", Role::OfficeDirector, "市自然资源局局长", None),
    Post("county", "罗志远", "640502", Role::Officer, "沙坡头区网格办经办人", None),
    Post("township", "孙红梅", "640502102", Role::Officer, "东园镇自然资源所经办人", None),
    Post("mayor", "魏东升", "640502102", Role::Chief, "东园镇党委书记", None),
    Post("neighbour", "田立新", "640502103", Role::Officer, "柔远镇自然资源所经办人", None),
    Post("village", "白永福", "640502102210", Role::VillageHead, "白桥村党支部书记", None),
    Post("group", "马占山", "64050210221001", Role::GroupLeader, "白桥村第1村民小组组长", Some("组长")),
    Post("worker", "李秀英", "640502102210", Role::GridWorker, "白桥村网格员", None),
    Post("reports", "周文静", "640502", Role::ReportHandler, "沙坡头区举报办理员", None),
];

const ADMINISTRATORS: [(&str, AdminRole); 3] =
    [("sysadmin", AdminRole::System), ("secadmin", AdminRole::Security), ("auditor", AdminRole::Audit)];

/// The annex of the notice and the city's two targets (R03, R42), as anyone would import them.
const ANNEX: &[u8] = include_bytes!("../../assets/demo/notice-74-annex.csv");
const TARGETS: &[u8] = include_bytes!("../../assets/demo/targets.csv");

pub(super) async fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let app = context.app(false).await?;
    let done = load(context, &app).await;
    app.db().close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn load(context: &Context, app: &App) -> anyhow::Result<()> {
    if app.grid().is_empty() {
        units(app).await?;
    }
    if app.locator().is_empty() {
        parcels(app).await?;
    }
    people(app).await?;
    patches(app).await?;
    for Post(login, name, unit, role, ..) in POSTS {
        let region = RegionCode::parse(unit)?;
        let line = json!({"account": login, "password": PASSWORD, "level": region.level().number(),
            "region": region, "role": role, "name": name});
        let text =
            format!("{login:10} {PASSWORD}  {}{}（{name}）", app.grid().full_name(&region), role.title());
        context.say(line, text);
    }
    for (login, role) in ADMINISTRATORS {
        let line = json!({"account": login, "password": PASSWORD, "role": role});
        context.say(line, format!("{login:10} {PASSWORD}  {}", role.title()));
    }
    let url = scan_url(app).await?;
    context.say(json!({"scan_url": url}), format!("\nscan       {url}"));
    Ok(())
}

/// The address on the label of the first parcel of the group leader's group.
async fn scan_url(app: &App) -> anyhow::Result<String> {
    let group = Units::new([RegionCode::parse("64050210221001")?]);
    let first = crate::parcels::sql::coded(app.db(), &group, "", 1).await?;
    let (_, code, _) = first.first().ok_or_else(|| anyhow::anyhow!("the demo group has no parcel"))?;
    let label = posts::label_for(app, &user::operator(), code).await.map_err(|p| told(&p))?;
    Ok(label.url().to_owned())
}

/// The real divisions; groups are generated once the layer says which there are.
async fn units(app: &App) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for line in DIVISIONS.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let mut fields = line.split(',');
        let (Some(code), Some(name)) = (fields.next(), fields.next()) else { continue };
        all.push(unit(RegionCode::parse(code)?, name.to_owned()));
    }
    store_units(app, all).await
}

fn unit(code: RegionCode, name: String) -> Unit {
    Unit {
        // 598: 虚拟生活区 has neither people nor fields.
        takes_part: !code.as_str().ends_with("598"),
        code,
        name,
        valid_from: date(2023, 11, 22),
        valid_to: None,
        successor: None,
        office_phone: None,
    }
}

async fn store_units(app: &App, units: Vec<Unit>) -> anyhow::Result<()> {
    app.db()
        .write(move |tx| async move {
            grid::sql::insert_units(&tx, &units).await?;
            tx.touch(Topic::Grid).await?;
            tx.audit(user::operator().entry("demo.units", units.len().to_string()));
            Ok::<_, sqlx::Error>(())
        })
        .await?;
    app.refresh().await?;
    Ok(())
}

/// The month's change patches of the fictional layer, as the platform would send them down.
async fn patches(app: &App) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("演示变化图斑.zip");
    std::fs::write(&file, LAYER)?;
    let options = patches::Options::new(Units::new([RegionCode::parse("6405")?]));
    let report = patches::import::run(app, &user::operator(), &file, &options, None, |_, _| {}).await?;
    eprintln!("patches {}", report.counts);
    Ok(())
}

/// The fictional layer, and the groups that its codes name.
async fn parcels(app: &App) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("演示地类图斑.zip");
    std::fs::write(&file, LAYER)?;
    let mut options = import::Options::default();
    options.layer.layer = Some("DLTB".to_owned());
    let by = user::operator();
    let report = import::run(app, &by, &file, &options, |_, _| {}).await?;
    eprintln!("parcels {}", report.counts);
    app.refresh().await?;
    let everywhere = Units::new([RegionCode::parse("6405")?]);
    let (mut after, mut batch, mut groups) = (String::new(), Vec::new(), BTreeSet::new());
    loop {
        let page = crate::parcels::sql::coded(app.db(), &everywhere, &after, 5_000).await?;
        let Some((_, last, _)) = page.last() else { break };
        after = last.to_string();
        for (id, code, _) in page {
            let Some(group) = code.village().group(code.group()) else { continue };
            groups.insert(group);
            batch.push((id, Assignment { code: code.0, unit: group, from: date(2023, 11, 22) }));
        }
    }
    let groups = groups.into_iter().map(|g| unit(g, format!("第{}村民小组", number(&g)))).collect();
    store_units(app, groups).await?;
    assign::store(app, &by, batch, false).await?;
    app.refresh().await?;
    Ok(())
}

fn number(group: &RegionCode) -> &str {
    group.as_str()[12..].trim_start_matches('0')
}

async fn people(app: &App) -> anyhow::Result<()> {
    let (db, env, by) = (app.db(), app.env(), user::operator());
    let annex = grid::import::Source::new("notice-74-annex.csv", ANNEX);
    refuse_rejects(&grid::import::roster(db, env, &by, annex, None).await?)?;
    let targets = grid::import::Source::new("targets.csv", TARGETS);
    refuse_rejects(&grid::import::targets(db, env, &by, targets).await?)?;
    for Post(login, name, unit, role, title, basis) in POSTS {
        let unit = RegionCode::parse(unit)?;
        if accounts::sql::find(app.db(), login).await?.is_some() {
            continue;
        }
        let person = appoint(app, name, term(unit, role, title, basis)).await?;
        account(app, login, name, Some(person), None).await?;
    }
    for (login, role) in ADMINISTRATORS {
        if accounts::sql::find(app.db(), login).await?.is_none() {
            account(app, login, role.title(), None, Some(role)).await?;
        }
    }
    app.refresh().await?;
    Ok(())
}

/// What the program ships must import without a refused row.
fn refuse_rejects(report: &grid::import::Report) -> anyhow::Result<()> {
    anyhow::ensure!(report.counts.rejected == 0, "the demo's own data were refused: {:?}", report.refusals);
    Ok(())
}

fn term(unit: RegionCode, role: Role, title: &str, basis: Option<&str>) -> NewTerm {
    NewTerm {
        unit,
        role,
        title: Some(title.to_owned()),
        portfolio: None,
        basis: basis.map(str::to_owned),
        department: None,
        starts: date(2023, 11, 22),
        source: SOURCE.to_owned(),
    }
}

async fn appoint(app: &App, name: &str, term: NewTerm) -> anyhow::Result<String> {
    term.check().map_err(anyhow::Error::msg)?;
    let (env, name) = (app.env().clone(), name.to_owned());
    let person = app
        .db()
        .write(move |tx: Tx| async move {
            let (person, now) = (env.new_id(), env.now());
            let shows_name = term.unit.level() < Level::Group;
            grid::sql::insert_person(&tx, &person, &name, shows_name, now).await?;
            grid::sql::insert_term(&tx, &env.new_id(), &person, &term, now, "cli").await?;
            tx.touch(Topic::Grid).await?;
            tx.audit(user::operator().entry("appointment.add", term.unit.to_string()).detail(term.role));
            Ok::<_, sqlx::Error>(person)
        })
        .await?;
    Ok(person)
}

async fn account(
    app: &App,
    login: &str,
    name: &str,
    person: Option<String>,
    admin: Option<AdminRole>,
) -> anyhow::Result<()> {
    let new = NewAccount {
        login: login.to_owned(),
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        person,
        admin,
    };
    let made: Result<String, Problem> = accounts::create(app.db(), app.env(), user::operator(), new).await;
    made.map(|_| ()).map_err(|problem| told(&problem))
}
