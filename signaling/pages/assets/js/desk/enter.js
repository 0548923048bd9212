// One click in: a link of the supporter's own into the room of a session.

import { asRefusal } from "../board/api.js";

// Another tab, opened by the press itself: a browser lets nothing open later. It gets its address once the server has made the link.
export async function openRoom(session, app) {
  const tab = window.open("", "_blank");
  if (tab) tab.opener = null;
  try {
    const { url } = await app.api.post(`/sessions/${encodeURIComponent(session)}/room`);
    if (tab) tab.location.replace(url);
    else location.assign(url);
  } catch (error) {
    tab?.close();
    app.refused(asRefusal(error));
  }
}
