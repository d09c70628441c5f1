// Renews what a page shows, while somebody looks at it. Without this script, the page is loaded again by hand.
"use strict";
(() => {
  const SECONDS = 5;
  const part = () => document.querySelector("[data-live]");
  const place = document.getElementById("live-place");
  if (!part() || !place) return;

  const button = Object.assign(document.createElement("button"), { id: "live", type: "button", textContent: "Live" });
  place.append(button);
  let timer = 0, pause = SECONDS;

  const isOn = () => sessionStorage.getItem("live") !== "off";
  // Whoever is filling in a form, or has opened something, is not to lose it.
  const isBusy = () => document.hidden || part().contains(document.activeElement) || part().querySelector("details[open]");

  function show() {
    button.setAttribute("aria-pressed", String(isOn()));
    button.title = isOn() ? `Renewed every ${SECONDS} seconds` : "Not renewed";
    clearTimeout(timer);
    if (isOn()) timer = setTimeout(renew, pause * 1000);
  }

  async function renew() {
    if (!isBusy()) {
      try {
        const began = performance.now();
        const response = await fetch(location.href, {
          cache: "no-store", redirect: "manual", headers: { "X-Groundwork-Live": "1" },
        });
        // A gateway that is slow has enough to do.
        pause = Math.max(SECONDS, (performance.now() - began) / 100);
        if (response.type === "opaqueredirect") return location.reload();
        if (response.ok) {
          const page = new DOMParser().parseFromString(await response.text(), "text/html");
          const fresh = page.querySelector("[data-live]");
          if (fresh && !isBusy()) part().replaceWith(fresh);
        }
      } catch { /* The gateway is away for a moment: the next time. */ }
    }
    show();
  }

  button.addEventListener("click", () => {
    sessionStorage.setItem("live", isOn() ? "off" : "on");
    show();
  });
  show();
})();
