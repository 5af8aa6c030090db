/** A short sound for a message that nobody looks at. Off until the customer wants it. */
import { signal } from "@preact/signals";
import { localTexts } from "@rapport/client/light";

const KEY = "rapport-sound";
const texts = localTexts();

export class Sound {
  readonly isOn = signal(false);
  #audio: AudioContext | undefined;

  async restore(): Promise<void> {
    this.isOn.value = (await texts.get(KEY)) === "on";
  }

  toggle(): void {
    this.isOn.value = !this.isOn.peek();
    void texts.set(KEY, this.isOn.peek() ? "on" : "off");
    // Made by the customer's own click, so that the browser lets it be heard later.
    if (this.isOn.peek()) this.play();
  }

  play(): void {
    if (!this.isOn.peek()) return;
    this.#audio ??= new AudioContext();
    const { currentTime, destination } = this.#audio;
    const tone = this.#audio.createOscillator();
    const loudness = this.#audio.createGain();
    tone.frequency.setValueAtTime(740, currentTime);
    tone.frequency.setValueAtTime(988, currentTime + 0.09);
    loudness.gain.setValueAtTime(0.06, currentTime);
    loudness.gain.exponentialRampToValueAtTime(0.0001, currentTime + 0.32);
    tone.connect(loudness).connect(destination);
    tone.start();
    tone.stop(currentTime + 0.34);
  }
}
