import { Marker, type Map as GlMap } from "maplibre-gl";

/** A photo on the map. */
export interface Shot {
  name: string;
  /** As the list beside the map numbers it. */
  number: number;
  lon: number;
  lat: number;
  /** Where the camera looked, degrees from true north, clockwise. */
  azimuth?: number | undefined;
  /** Something about it looks odd. */
  odd: boolean;
}

const SVG = "http://www.w3.org/2000/svg";

function shape(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A numbered disc with a fan of sixty degrees in the direction of the camera; always the same size on the screen. */
function picture(shot: Shot, label: string, chosen: () => void): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = shot.odd ? "shot odd" : "shot";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    chosen();
  });
  const svg = shape("svg", { viewBox: "-40 -40 80 80", "aria-hidden": "true" });
  if (shot.azimuth !== undefined) {
    svg.append(shape("path", { class: "fan", d: "M0 0 L-18 -31.2 A36 36 0 0 1 18 -31.2 Z", transform: `rotate(${shot.azimuth})` }));
  }
  svg.append(shape("circle", { r: "11" }));
  const number = shape("text", { y: "5" });
  number.textContent = String(shot.number);
  svg.append(number);
  button.append(svg);
  return button;
}

/** Photos as markers; draws what is new, takes away what is gone. */
export class Shots {
  private markers: Marker[] = [];

  constructor(private readonly map: GlMap) {}

  show(shots: readonly Shot[], label: (shot: Shot) => string, chosen: (name: string) => void): void {
    for (const marker of this.markers) marker.remove();
    this.markers = shots.map((shot) => {
      const element = picture(shot, label(shot), () => chosen(shot.name));
      return new Marker({ element }).setLngLat([shot.lon, shot.lat]).addTo(this.map);
    });
  }
}
