//! Which role gives which right: the whole table on one page.
//!
//! The roles are those of the notice (part 三) plus the offices (网格办) that it sets up; see
//! [`crate::grid::appointments::Role`].

use gengwei_proto::Level;

use crate::grid::appointments::Role::{self, *};

/// A right, as a type: `Scope<ReadParcels>` in a handler's signature.
pub trait Right: Send + Sync + 'static {
    /// What somebody without it is told.
    const REFUSAL: &'static str;

    /// Whether a role at a level gives it, in the unit of the appointment and below.
    fn granted(role: Role, level: Level) -> bool;
}

macro_rules! rights {
    ($($(#[doc = $doc:literal])* $name:ident $refusal:literal |$role:ident, $level:ident| $granted:expr;)*) => {$(
        $(#[doc = $doc])*
        pub struct $name;
        impl Right for $name {
            const REFUSAL: &'static str = $refusal;
            #[allow(unused_variables, reason = "not every right depends on both")]
            fn granted($role: Role, $level: Level) -> bool {
                $granted
            }
        }
    )*};
}

rights! {
    /// See units and who is responsible in them.
    ReadGrid "没有查看网格的权限。" |role, level| true;
    /// See parcels and posts.
    ReadParcels "没有查看地块的权限。" |role, level| true;
    /// See patrols and the ledger.
    ReadPatrols "没有查看巡查台账的权限。" |role, level| true;
    /// See cases.
    ReadCases "没有查看问题线索的权限。" |role, level| true;
    /// File patrols (R17, R29): the responsible persons and the grid workers.
    FilePatrols "只有各级耕地保护责任人和网格员可以填报巡查。" |role, level|
        matches!(role, Chief | Deputy | Officer | VillageHead | GroupLeader | GridWorker);
    /// Receive the notices of the unit of the appointment itself.
    ReceiveNotices "没有接收通知的权限。" |role, level| !matches!(role, Member | Liaison);
    /// Act on cases (R13, R15).
    HandleCases "没有处理问题线索的权限。" |role, level|
        matches!(role, Chief | Deputy | Officer | OfficeDirector | VillageHead);
    /// Read and keep the sealed register of persons (R28): two named roles of county and city.
    SeePersons "只有市、县总责任人和网格办主任可以查看人员登记。" |role, level|
        matches!((role, level), (Chief | OfficeDirector, Level::City | Level::County));
    /// Send deliveries again, pack them, import receipts.
    ManageDeliveries "只有市、县网格办可以处理对外报送。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County));
    /// See tasks of one's units.
    ReadTasks "没有查看任务的权限。" |role, level| !matches!(role, Member | Liaison | ReportHandler);
    /// Hand in what a task asked for: as for patrols.
    DoTasks "只有各级耕地保护责任人和网格员可以提交任务结果。" |role, level| FilePatrols::granted(role, level);
    /// Edit units, appointments and contacts; township officers edit their villages and groups.
    EditGrid "没有编辑网格和责任人的权限。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County | Level::Township));
    /// Enter targets (R03).
    EditTargets "没有录入保护目标的权限。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County));
    /// Import, split, merge and re-assign parcels.
    EditParcels "没有编辑地块的权限。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County));
    /// Import and withdraw batches of change patches (R30), and the layers that they are held against.
    ImportPatches "只有市、县两级网格办可以导入变化图斑。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County));
    /// Register and move posts, print labels.
    EditPosts "没有管理警示桩的权限。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County | Level::Township));
    /// Make, renew and revoke devices; mend what they sent.
    ManageDevices "没有管理设备的权限。" |role, level|
        matches!((role, level), (OfficeDirector | Officer, Level::City | Level::County | Level::Township));
    /// Read a reporter's phone number: two named roles only.
    SeeReporters "只有网格办主任和举报办理员可以查看举报人电话。" |role, level|
        matches!(role, OfficeDirector | ReportHandler);
    /// Blacken photos and make copies public: officers from the township up.
    PublishPhotos "只有乡镇以上的责任人和网格办可以公开照片。" |role, level|
        matches!((role, level), (Chief | Deputy | Officer | OfficeDirector,
            Level::City | Level::County | Level::Township));
}
