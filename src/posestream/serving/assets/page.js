// Keeps the table and the stills up to date. The page works without it, reloading itself.
"use strict";

const columns = [
  (s) => s.name,
  (s) => s.state,
  (s) => s.fps.toFixed(1),
  (s) => s.people,
  (s) => s.frames,
  (s) => s.dropped,
  (s) => s.reconnects,
  (s) => (s.last_frame_age_s === null ? "" : `${s.last_frame_age_s.toFixed(1)} s`),
  (s) => s.error ?? "",
];

function row(stream) {
  const line = document.createElement("tr");
  line.className = stream.state;
  for (const column of columns) {
    line.insertCell().textContent = column(stream);
  }
  return line;
}

async function refreshTable() {
  try {
    const answer = await fetch("/streams");
    if (answer.ok) {
      const streams = await answer.json();
      document.getElementById("streams").replaceChildren(...streams.map(row));
    }
  } catch {
    // the server is gone for now; the next round tries again
  }
  setTimeout(refreshTable, 2000);
}

function refreshStills() {
  for (const still of document.querySelectorAll("img.still")) {
    if (still.complete && !document.hidden) {
      const address = new URL(still.src);
      address.searchParams.set("at", Date.now());
      still.src = address.href;
    }
  }
  setTimeout(refreshStills, 2000);
}

setTimeout(refreshTable, 2000);
setTimeout(refreshStills, 2000);
