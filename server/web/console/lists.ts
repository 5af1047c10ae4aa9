import type {
  CaseState, CaseUrgency, DeliveryState, DeviceKind, DeviceState, Kind, PatchVerdict, PersonDestination, PostState, Role, Source,
} from "../shared/api/schema";

/** Every value of a list, in the order in which it is offered; the types see to it that none is missing or made up. */
const all = <T extends string>(values: Record<T, true>) => Object.keys(values) as T[];

export const STATES = all<CaseState>({
  opened: true, accepted: true, suspected: true, refuted: true, verified: true, determined: true, rectifying: true,
  rectified: true, checked: true, enforcing: true, suspended: true, closed: true,
});

export const URGENCIES = all<CaseUrgency>({ soon: true, overdue: true, long_overdue: true, in_time: true });

export const KINDS = all<Kind>({
  illegal_house: true, building: true, afforestation: true, green_corridor: true, lake_digging: true, nature_reserve: true,
  unlawful_approval: true, digging: true, dumping: true, orchard: true, fish_pond: true, nursery: true, livestock: true,
  abandoned: true, facility: true, sign: true, post: true, other: true,
});

export const SOURCES = all<Source>({
  state_inspection: true, region_inspection: true, city_inspection: true, imagery_enforcement: true, change_patch: true,
  patrol: true, report: true, warning_post: true, self_check: true,
});

export const VERDICTS = all<PatchVerdict>({
  illegal_house: true, non_agricultural: true, facility: true, non_grain: true, abandoned: true, uncultivated: true,
  field_check: true, temporary: true, lawful: true, objective: true, false_change: true, no_farmland: true, crop_advice: true,
});

export const DEVICE_KINDS = all<DeviceKind>({ post: true, tablet: true });
export const DEVICE_STATES = all<DeviceState>({ active: true, waiting: true, lost: true, revoked: true });

export const POST_STATES = all<PostState>({ planned: true, installed: true, damaged: true, removed: true });

export const ROLES = all<Role>({
  chief: true, deputy: true, village_head: true, group_leader: true, grid_worker: true, office_director: true,
  officer: true, member: true, liaison: true, report_handler: true,
});

export const DELIVERY_STATES = all<DeliveryState>({
  waiting: true, packed: true, delivered: true, accepted: true, rejected: true, dead: true,
});

export const DESTINATIONS = all<PersonDestination>({ enforcement: true, police: true, discipline: true, unit: true });
