// Writes the reasons an error may have.
import { docOf } from "./print.js";

/**
 * @param {import("@bufbuild/protoplugin").GeneratedFile} f
 * @param {readonly import("./contract.js").DescFile[]} files
 */
export function printReasons(f, files) {
  const reasons = files.flatMap((file) => file.enums).find((each) => each.typeName === "rapport.errors.v1.Reason");
  if (!reasons) throw new Error("the contract has no rapport.errors.v1.Reason");
  f.print("// Generated from the contract; not to be edited.");
  f.print("/** Why a call was refused, as the server says it. */");
  f.print("export type Reason =");
  for (const value of reasons.values.filter((each) => each.number !== 0)) {
    f.print(docOf(f, value, "  "), "\n  | ", f.string(value.name.replace(/^REASON_/, "")));
  }
  f.print(";");
}
