import { me } from "../shared/api/session";

/**
 * What is offered to whom. The server alone decides (`server/src/auth/rights.rs`); these only keep forms away from
 * those whom it would refuse.
 */
const offices = (...levels: number[]) =>
  me.value?.appointments.some((a) => (a.role === "officer" || a.role === "office_director") && levels.includes(a.level)) ?? false;

/** Edit a unit of a level and appoint in it. */
export const mayEditGrid = (level: number) => offices(2, 3) || (level > 4 && offices(4));
/** Import batches of patches. */
export const mayHandInPatches = () => offices(2, 3);
/** Register posts. */
export const mayEditPosts = () => offices(2, 3, 4);
/** Make, renew and revoke devices. */
export const mayManageDevices = () => offices(2, 3, 4);
/** Read a reporter's phone number. */
export const maySeeReporters = () =>
  me.value?.appointments.some((a) => a.role === "office_director" || a.role === "report_handler") ?? false;
/** Act on cases, join and split them. */
export const mayHandleCases = () =>
  me.value?.appointments.some((a) => ["chief", "deputy", "officer", "office_director", "village_head"].includes(a.role)) ?? false;
/** Send deliveries again, pack them, import receipts. */
export const mayManageDeliveries = () => offices(2, 3);
/** Read and keep the register of persons. */
export const maySeePersons = () =>
  me.value?.appointments.some((a) => (a.role === "chief" || a.role === "office_director") && a.level <= 3) ?? false;
/** Import parcels. */
export const mayEditParcels = () => offices(2, 3);
/** Import rosters: a township its villages and groups. */
export const mayImport = () => offices(2, 3, 4);
