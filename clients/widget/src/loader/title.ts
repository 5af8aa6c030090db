/** Says in the page's title how much is unread, as long as nobody looks at the page; whatever the page itself writes there stays. */

export class Title {
  #count = 0;
  #own = "";
  #told = "";

  constructor() {
    document.addEventListener("visibilitychange", () => this.#tell());
  }

  count(unread: number): void {
    this.#count = unread;
    this.#tell();
  }

  #tell(): void {
    if (this.#told && document.title === this.#told) document.title = this.#own;
    this.#told = "";
    if (!document.hidden || this.#count === 0) return;
    this.#own = document.title;
    this.#told = `(${this.#count}) ${this.#own}`;
    document.title = this.#told;
    // As the page would read it back.
    this.#told = document.title;
  }
}
