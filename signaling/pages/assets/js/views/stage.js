// What is seen of the others: a tile for each person, a shared screen above them, oneself in the corner.

import { append, h, keyed, setAttr, setText, show } from "../dom.js";
import { icon, plate } from "../icons.js";
import { t } from "../text.js";
import { isLost, isSupporter, offers, other, seatOf } from "../state.js";
import { nameOf } from "../parts.js";
import { createWatermark } from "../watermark.js";
import { makeMovable } from "./movable.js";
import { createSelf } from "./self.js";
import { createCover } from "./cover.js";

const PATIENCE_MS = 3000; // the first frame of a new connection takes its time
const COMES_BY_MS = 15000; // by then what was on its way is there

// What is said of a picture that is awaited for so long: nothing, then that it is on its way, then that there is none.
export const awaitedAs = (span) => (span <= PATIENCE_MS ? null : span <= COMES_BY_MS ? "cover.connecting" : "call.sound_only");

export function createStage(app) {
  const { s, peer } = app;
  const tiles = h("div", { class: "tiles" });
  const unmute = h("button", { type: "button", class: "btn btn--go btn--wide video__play", hidden: true, dataset: { testid: "tap-to-hear" }, onclick: () => play() }, t("call.tap"), icon("sound"));
  const self = createSelf(app);
  makeMovable(self.el).classList.add("self");
  const cover = createCover(app);
  let shown = [];

  function play() {
    self.video.play().catch(() => {});
    for (const tile of shown) tile.play().then(() => show(unmute, false), (error) => show(unmute, error.name === "NotAllowedError"));
  }

  return {
    el: h("main", { class: "call__stage" }, tiles, self.el, unmute, cover.el),
    update() {
      const sharing = sharer(app);
      keyed(tiles, [...othersOf(s), sharing ?? ""].join("|"), () => {
        shown.forEach((tile) => tile.rest());
        shown = othersOf(s).map((seat) => createTile(app, seat));
        if (sharing) shown.unshift(createScreenTile(app, sharing));
        return shown.map((tile) => tile.el);
      });
      setAttr(tiles, "data-people", othersOf(s).length);
      setAttr(tiles, "data-screen", sharing !== null);
      for (const tile of shown) tile.update(peer.isAlive);
      if (shown.some((tile) => tile.isWaiting)) play();
      self.update();
      cover.update();
    },
    rest: () => shown.forEach((tile) => tile.rest()),
  };
}

// Whom this person has come to see first; then who else was let in and is not gone. Who looks on has no picture.
function othersOf(s) {
  const first = other(s).seat;
  const more = s.session.seats.filter((seat) => seat.is_admitted && seat.role !== "scheduler" && seat.seat !== first && seat.seat !== s.you.seat && seat.presence !== "away");
  return [first, ...more.map((seat) => seat.seat)];
}

// Whose screen is shown: what their page says, once there is something to show. Of a sealed one the key says it.
function sharer({ s, peer, encryption }) {
  if (!peer.screen || !offers(s, "screen")) return null;
  const said = s.session.seats.find(({ seat }) => seat !== s.you.seat && s.mediaOf[seat]?.screen)?.seat ?? null;
  return said !== null && encryption.isSealing ? encryption.sharer : said;
}

// Without the keys there is nothing to see but noise.
const mayShow = ({ s, encryption }, seat) => !encryption.isWanted || encryption.isAble || s.mediaOf[seat]?.encrypted !== true;

function createPicture(app, { testid, label }) {
  const { s, write } = app;
  const video = h("video", { autoplay: true, playsinline: true, disablepictureinpicture: true, dataset: { testid }, "aria-label": label });
  video.addEventListener("contextmenu", (event) => event.preventDefault());
  const el = h("div", { class: "video" }, video);
  const mark = s.programme.watermark ? createWatermark() : null;
  mark?.keepOn(el);

  // A telephone's upright picture in a wide frame: filling it would cut the face away.
  function isUpright() {
    const [shape, frame] = [video.videoWidth / video.videoHeight, el.clientWidth / el.clientHeight];
    return shape < 1 && frame > 1;
  }

  return {
    el,
    video,
    get isWaiting() {
      return video.paused && Boolean(video.srcObject?.getTracks().length);
    },
    play: () => (video.srcObject ? video.play() : Promise.resolve()),
    show(stream) {
      if (video.srcObject !== stream) video.srcObject = stream;
      app.devices.speakThrough(video);
      setAttr(el, "data-fit", isUpright() ? "whole" : null);
      mark?.update(s.you.display_name, write.stamp(s.now), s.now / 1000);
    },
    rest: () => (video.srcObject = null),
  };
}

function createTile(app, id) {
  const { s, peer } = app;
  const seat = seatOf(s, id);
  const picture = createPicture(app, { testid: "remote-video", label: t("call.picture", { name: nameOf(seat) }) });
  const still = h("p", { class: "video__still", hidden: true, dataset: { testid: "no-picture" } }, h("span"));
  const muted = h("span", { class: "video__muted", hidden: true, dataset: { testid: "muted" } });
  const line = h("span", { class: "conn conn-unstable conn--weak video__line", hidden: true, dataset: { testid: "other-line" } }, h("i", {}, h("b")), h("span", {}, t("quality.other"), h("span", { class: "roomy" }, t("quality.other_more"))));
  const hasPlate = seat.role === "supporter" && !isSupporter(s);
  append(picture.el, [still, h("p", { class: "video__name" }, hasPlate && plate(seat.display_name, "plate--s"), nameOf(seat), muted, line)]);
  picture.el.dataset.seat = id;
  const { video } = picture;
  let isAlive = false;
  let awaitedFrom = null; // since when a picture should come and does not
  for (const news of ["loadeddata", "resize", "playing", "emptied"]) video.addEventListener(news, updateStill);

  // Why there is no picture; null while there is one, or while it may still come.
  function whyStill() {
    const isOff = !offers(s, "video") || s.mediaOf[id]?.video === false;
    const hasFrames = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;
    awaitedFrom = isAlive && !isOff && !hasFrames && !isLost(seatOf(s, id)) ? (awaitedFrom ?? s.now) : null;
    if (isOff) return offers(s, "video") ? "call.camera_off" : "call.by_sound";
    return awaitedFrom === null ? null : awaitedAs(s.now - awaitedFrom);
  }

  function updateStill() {
    const why = whyStill();
    show(still, why !== null);
    if (why !== null) setText(still.firstChild, t(why));
    show(muted, s.mediaOf[id]?.audio === false);
    setText(muted, t(s.mediaOf[id]?.has_microphone === false ? "call.microphone_none" : "call.microphone_off"));
    show(line, s.isOnline && s.mediaOf[id]?.is_unstable === true); // a good one needs no word
  }

  return Object.assign(picture, {
    update(hasWay) {
      isAlive = hasWay;
      picture.show(mayShow(app, id) ? (peer.remote.get(id) ?? null) : null);
      updateStill();
    },
  });
}

function createScreenTile(app, id) {
  const { s, peer } = app;
  const label = t("screen.of", { name: nameOf(seatOf(s, id)) });
  const picture = createPicture(app, { testid: "screen-video", label });
  picture.el.classList.add("video--screen");
  append(picture.el, [h("p", { class: "video__name" }, label)]);
  return Object.assign(picture, { update: () => picture.show(mayShow(app, id) ? peer.screen : null) });
}
