// The report form on a phone: adds where the reporter stands, if he wants. Everything works without it.
"use strict";
(() => {
  const row = document.getElementById("spot");
  if (!row || !navigator.geolocation || !isSecureContext) return;
  const [button, told] = [row.querySelector("button"), row.querySelector("output")];
  row.hidden = false;
  button.addEventListener("click", () => {
    told.value = "正在定位… Locating…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const form = button.form;
        form.elements.lon.value = coords.longitude.toFixed(6);
        form.elements.lat.value = coords.latitude.toFixed(6);
        told.value = `已附上位置，误差约 ${Math.round(coords.accuracy)} 米。Position added.`;
      },
      () => (told.value = "定位没有成功，可以用文字写明地点。No position; please describe the place."),
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 30000 },
    );
  });
})();
