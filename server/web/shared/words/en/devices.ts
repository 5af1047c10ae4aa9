import type { devices as zh } from "../zh/devices";

/** Devices and what of theirs could not be applied. */
export const devices: Record<keyof typeof zh, string> = {
  "device.kind": "Kind",
  "device.whose": "Whose",
  "device.seen": "Last heard",
  "device.health": "Health",
  "device.journal": "journal {n}%",
  "device.lost": "{n} records lost",
  "device.silent": "Silent since {at}",
  "device.none": "No devices.",
  "device.nonehelp": "Register a tablet or a post's device below to get a code.",
  "device.add": "Register a device",
  "device.account": "Whose tablet: account",
  "device.post": "Post's number",
  "device.unit": "Unit (optional)",
  "device.newcode": "New code",
  "device.code": "Code for device {n}",
  "device.scan": "Scan it with the tablet before {at}; it works once.",
  "device.qr": "Enrolment QR code",
  "device.hide": "Hide",
  "device.revoke": "Revoke",
  "device.islost": "The device is lost",

  "deviceKind.post": "Post",
  "deviceKind.tablet": "Tablet",

  "deviceState.waiting": "To be enrolled",
  "deviceState.active": "In use",
  "deviceState.revoked": "Revoked",
  "deviceState.lost": "Lost",

  "quarantine.title": "Records that could not be applied",
  "quarantine.none": "Nothing waits.",
  "quarantine.nonehelp": "What devices send and cannot be applied is kept here.",
  "quarantine.reason": "Reason",
  "quarantine.unknown_kind": "Unknown kind",
  "quarantine.malformed": "Malformed",
  "quarantine.conflict": "Conflict",
  "quarantine.refused": "Refused",
  "quarantine.retry": "Retry",
  "quarantine.dismiss": "Dismiss",
};
