// Two short tones, as at a counter. Browsers are silent before the first click; then nothing happens.

const TONES = [
  { hz: 784, at: 0 },
  { hz: 1047, at: 0.22 },
];

// prepare(context): where it is to come out
export function chime(prepare) {
  const Context = window.AudioContext;
  if (!Context || navigator.userActivation?.hasBeenActive === false) return;
  const context = new Context();
  prepare?.(context);
  for (const { hz, at } of TONES) {
    const tone = context.createOscillator();
    const loud = context.createGain();
    const start = context.currentTime + at;
    tone.frequency.value = hz;
    loud.gain.setValueAtTime(0, start);
    loud.gain.linearRampToValueAtTime(0.2, start + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    tone.connect(loud).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.7);
  }
  setTimeout(() => context.close(), 1500);
}
