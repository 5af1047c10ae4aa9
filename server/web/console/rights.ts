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
