// What is shared when a screen is shared: a page of paper, drawn here, in the place of a browser's green test card.
(() => {
  if (!navigator.mediaDevices) return; // an empty page has none
  const [wide, tall] = [1280, 720];
  const draw = (pen, turn) => {
    pen.fillStyle = "#d5dde0";
    pen.fillRect(0, 0, wide, tall);
    pen.fillStyle = "#ffffff";
    pen.fillRect(240, 40, 800, tall);
    pen.fillStyle = "#14212a";
    pen.fillRect(300, 100, 360, 30);
    pen.fillStyle = "#77858d";
    for (let line = 0; line < 14; line += 1) pen.fillRect(300, 180 + 36 * line, line % 5 === 4 ? 320 : 680 - 40 * (line % 3), 10);
    pen.fillStyle = "#2a68b0";
    pen.fillRect(300, 360 + (turn % 2), 8, 118); // a browser sends no frame of what does not change
  };
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: tall });
    const pen = canvas.getContext("2d");
    let turn = 0;
    const stream = canvas.captureStream(5);
    const timer = setInterval(() => draw(pen, (turn += 1)), 200);
    draw(pen, turn);
    const [track] = stream.getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
    };
    return stream;
  };
})();
