// Times are the programme's, wherever the device is; where its clock says another time, the page says whose time it is.

import assert from "node:assert/strict";
import test from "node:test";

import { writer } from "../../../../signaling/pages/assets/js/clock.js";

const WINTER = Date.parse("2026-12-01T01:00:00Z"); // ten in the morning in Tokyo
const SUMMER = Date.parse("2026-07-01T01:00:00Z");

function at(zone, look) {
  const before = process.env.TZ;
  process.env.TZ = zone;
  new Date().getTimezoneOffset(); // takes the new zone
  try {
    look();
  } finally {
    process.env.TZ = before;
  }
}

test("a device in Tokyo is told nothing about zones", () => {
  at("Asia/Tokyo", () => assert.equal(writer("ja", "Asia/Tokyo").elsewhere(WINTER), ""));
});

test("a device elsewhere reads the programme's time and whose it is", () => {
  at("America/New_York", () => {
    const ja = writer("ja", "Asia/Tokyo");
    assert.equal(ja.moment(WINTER), "10:00");
    assert.equal(ja.elsewhere(WINTER), "日本標準時");
    assert.match(ja.here(WINTER), /11月30日.* 20:00$/);
    const en = writer("en", "Asia/Tokyo");
    assert.equal(en.elsewhere(WINTER), "Japan Standard Time");
    assert.match(en.here(WINTER), /Mon.* 30 Nov.* 20:00$/);
  });
});

test("another zone with the same clock needs no word", () => {
  at("Asia/Seoul", () => assert.equal(writer("ja", "Asia/Tokyo").elsewhere(WINTER), ""));
});

test("summer time counts at the moment that is written, not today's", () => {
  at("Europe/London", () => {
    const madeira = writer("en", "UTC");
    assert.equal(madeira.elsewhere(WINTER), "");
    assert.notEqual(madeira.elsewhere(SUMMER), "");
    const berlin = writer("en", "Europe/Berlin");
    assert.equal(berlin.moment(WINTER), "02:00");
    assert.equal(berlin.moment(SUMMER), "03:00");
    assert.equal(berlin.elsewhere(SUMMER), "Central European Summer Time");
    // The hour that is there twice: both are written, and both are another time in London.
    for (const [moment, here] of [["2026-10-25T00:30:00Z", "02:30"], ["2026-10-25T01:30:00Z", "02:30"]]) assert.equal(berlin.moment(Date.parse(moment)), here);
  });
});

test("a writer that writes nothing makes no formatter: the first one of a page takes long", () => {
  const real = Intl.DateTimeFormat;
  let made = 0;
  Intl.DateTimeFormat = function (...given) {
    made += 1;
    return new real(...given);
  };
  try {
    const write = writer("en", "Pacific/Fiji");
    assert.equal(made, 0);
    write.moment(WINTER);
    write.moment(WINTER);
    assert.equal(made, 1);
  } finally {
    Intl.DateTimeFormat = real;
  }
});
