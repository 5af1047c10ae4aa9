//! A case's file (案卷) as PDF: what it is, where, what happened, what was decided, the photos.

use std::collections::HashMap;

use geo::MultiPolygon;

use super::sql::{self, Stored, StoredEvent};
use super::workflow::{Action, Fields};
use super::{Source, deadline};
use crate::error::{Problem, Result};
use crate::evidence;
use crate::exchange::paper::{Paper, Ring};
use crate::parcels;
use crate::parcels::outline::Outlines;
use crate::parcels::sql::Geometry;
use crate::state::App;

/// Photos beyond this number are listed by their hash only, so that a file stays one that can be printed.
const MOST_PHOTOS: usize = 60;

/// Writes a case's file.
pub(super) async fn pdf(app: &App, case: &Stored) -> Result<Vec<u8>> {
    let events = sql::events(app.db(), &case.id, 0).await?;
    let photos = evidence::sql::photos_of(app.db(), "case", std::slice::from_ref(&case.id)).await?;
    let hashes: Vec<String> = photos.into_iter().map(|(_, hash)| hash).collect();
    let (rings, spot) = sketch(app, case).await?;
    let mut pictures = Vec::new();
    for hash in hashes.iter().take(MOST_PHOTOS) {
        pictures.push(app.photos().get(hash).await?);
    }
    let (app, case) = (app.clone(), case.clone());
    let written = tokio::task::spawn_blocking(move || {
        let mut paper = Paper::new("耕地保护问题线索案卷", "内部资料，不得公开");
        facts(&mut paper, &app, &case);
        paper.heading("位置示意");
        paper.sketch(&rings, spot);
        paper.heading("办理经过");
        let numbers: HashMap<&str, usize> = hashes.iter().map(String::as_str).zip(1..).collect();
        for event in &events {
            happened(&mut paper, &app, event, &numbers);
        }
        paper.heading("照片");
        for (n, hash) in hashes.iter().enumerate() {
            let bytes = pictures.get(n).map_or(&[][..], |bytes| bytes.as_ref());
            paper.photo(bytes, &format!("照片 {}　SHA-256 {hash}", n + 1));
        }
        paper.finish()
    });
    written.await.map_err(Problem::internal)?.map_err(Problem::internal)
}

fn facts(paper: &mut Paper, app: &App, case: &Stored) {
    let grid = app.grid();
    paper.heading("基本情况");
    paper.fact("线索编号", &case.id);
    paper.fact("位置", &grid.full_name(&case.unit));
    if let Some(code) = &case.parcel {
        paper.fact("地块编码", code.as_str());
    }
    paper.fact("永久基本农田", if case.permanent { "是" } else { "否" });
    paper.fact("来源", Source::title(case.source.0));
    paper.fact("问题类型", case.kind.title());
    paper.fact("依据", case.kind.article());
    paper.fact("程度", case.severity.title());
    paper.fact("状态", case.state.title());
    paper.fact("承办单位", &grid.full_name(&case.holder));
    if let Some(due_at) = case.due_at {
        paper.fact("期限", &deadline::day_of(due_at).to_string());
    }
    if let Some(unit) = &case.supervised {
        paper.fact("挂牌督办", grid.name(unit));
    }
    for (label, at) in [
        ("发现", Some(case.found_at)),
        ("制止", case.stopped_at),
        ("整改", case.rectified_at),
        ("销号", case.closed_at),
    ] {
        if let Some(at) = at {
            paper.fact(label, &at.civil().strftime("%Y-%m-%d %H:%M").to_string());
        }
    }
    if case.round > 1 {
        paper.fact("复发", &format!("第 {} 次办理", case.round));
    }
    if let Some(words) = &case.words {
        paper.fact("情况", words);
    }
}

fn happened(paper: &mut Paper, app: &App, event: &StoredEvent, numbers: &HashMap<&str, usize>) {
    let detail = event.detail();
    let title = event.action.parse().map_or("立案", Action::title);
    let unit = detail.unit.map(|unit| app.grid().name(&unit).to_owned()).unwrap_or_default();
    let at = event.at.civil().strftime("%Y-%m-%d %H:%M");
    paper.text(&format!("{}．{at}　{unit}{}　{title}　→ {}", event.seq, event.name, event.to_state.title()));
    if let Some(words) = &event.words {
        paper.remark(words);
    }
    let filled = filled(app, &detail.fields);
    if !filled.is_empty() {
        paper.remark(&filled);
    }
    let shown: Vec<String> =
        detail.photos.iter().filter_map(|hash| numbers.get(hash.as_str())).map(usize::to_string).collect();
    if !shown.is_empty() {
        paper.remark(&format!("照片 {}", shown.join("、")));
    }
}

fn filled(app: &App, fields: &Fields) -> String {
    let said = [
        ("承办单位", fields.unit.map(|unit| app.grid().full_name(&unit))),
        ("依据", fields.ground.map(|word| word.title().to_owned())),
        ("结论", fields.finding.map(|word| word.title().to_owned())),
        ("整改方式", fields.measure.map(|word| word.title().to_owned())),
        ("整改责任人", fields.responsible.clone()),
        ("完成期限", fields.due.map(|day| day.to_string())),
        ("文号", fields.document.clone()),
        ("类型", fields.kind.map(|word| word.title().to_owned())),
    ];
    let said = said.into_iter().filter_map(|(label, value)| value.map(|value| format!("{label}：{value}")));
    said.collect::<Vec<_>>().join("；")
}

/// The outline as it was drawn or as the patch has it that opened the case, else of its parcel.
async fn outline(app: &App, case: &Stored) -> Result<Option<Geometry>> {
    if let Some((outline, _)) = super::outlines::place_of(app.db(), &case.id).await? {
        return Ok(Some(outline));
    }
    let Some(code) = &case.parcel else { return Ok(None) };
    let Some(parcel) = parcels::find(app.db(), code).await? else { return Ok(None) };
    let stored = parcels::sql::geometries(app.db(), &[parcel.id]).await?;
    Ok(stored.into_iter().next().map(|stored| stored.geometry))
}

/// The rings of the outline and the spot, in metres.
async fn sketch(app: &App, case: &Stored) -> Result<(Vec<Ring>, Option<(f64, f64)>)> {
    let mut rings = Vec::new();
    if let Some(outline) = outline(app, case).await? {
        let polygons: MultiPolygon<f64> = Outlines::default().lonlat(&outline)?;
        let exteriors = polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        rings.extend(exteriors.map(|ring| ring.coords().map(|c| (c.x, c.y)).collect::<Ring>()));
    }
    let spot = case.lon.zip(case.lat);
    let middle = rings.iter().flatten().chain(spot.as_ref()).map(|(_, lat)| *lat).next().unwrap_or_default();
    // A sketch of some hundred metres: degrees times their length here is as good as any projection.
    let metres = |(lon, lat): (f64, f64)| (lon * 111_320.0 * middle.to_radians().cos(), lat * 110_940.0);
    for ring in &mut rings {
        ring.iter_mut().for_each(|point| *point = metres(*point));
    }
    Ok((rings, spot.map(metres)))
}
