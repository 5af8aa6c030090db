// Writes the module of one area: types, rpcs, zero values.
import { ScalarType } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";
import { areaOf, isWellKnown, zeroOf } from "./contract.js";

/**
 * @typedef {import("@bufbuild/protoplugin").GeneratedFile} GeneratedFile
 * @typedef {import("@bufbuild/protoplugin").Printable} Printable
 * @typedef {import("./contract.js").Area} Area
 * @typedef {import("./contract.js").Call} Call
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").DescMessage} DescMessage
 * @typedef {import("./contract.js").DescEnum} DescEnum
 * @typedef {import("./contract.js").DescField} DescField
 */

const WORDS = new Map([
  ["google.protobuf.Timestamp", "string"],
  ["google.protobuf.Duration", "string"],
  ["google.protobuf.Struct", "Record<string, unknown>"],
  ["google.protobuf.Value", "unknown"],
]);

/**
 * @param {GeneratedFile} f
 * @param {Area} area
 * @param {Contract} contract
 */
export function printArea(f, area, contract) {
  f.print("// Generated from the contract; not to be edited.");
  /** @param {DescMessage | DescEnum} type @param {string} name @param {boolean} isType */
  const named = (type, name, isType) => {
    const home = areaOf(type.typeName);
    return home === area.name ? name : f.import(name, `./${home}.js`, isType);
  };
  /** @param {DescMessage} message */
  const inputName = (message) => (contract.outputs.has(message) ? `${message.name}Input` : message.name);
  const it = { f, contract, named, inputName };
  for (const type of area.types) {
    if (type.kind === "enum") {
      f.print(docOf(f, type));
      f.print(f.export("type", type.name), " =");
      for (const value of type.values) f.print(docOf(f, value, "  "), "\n  | ", f.string(value.name));
      f.print(";\n");
      continue;
    }
    if (contract.outputs.has(type)) {
      printType(it, type, false);
      if (area.name !== "live") printZero(it, type);
    }
    if (contract.inputs.has(type)) printType(it, type, true);
  }
  if (area.calls.length > 0) printCalls(it, area);
}

/**
 * The contract's own comment.
 * @param {GeneratedFile} f
 * @param {Parameters<typeof getComments>[0]} of
 * @param {string} [indentation]
 * @returns {Printable}
 */
export function docOf(f, of, indentation) {
  const text = (getComments(of).leading ?? "").replace(/^ /gm, "").trim();
  return text === "" ? [] : f.jsDoc(text, indentation);
}

/**
 * The whole contract: all types and all rpcs.
 * @param {GeneratedFile} f
 * @param {Contract} contract
 */
export function printIndex(f, contract) {
  f.print("// Generated from the contract; not to be edited.");
  f.print('export type * from "./reasons.js";');
  const areas = contract.areas.filter((area) => area.name !== "live");
  for (const { name } of areas) f.print(`export type * from "./${name}.js";`);
  // A name that two areas have is the first's; the other's type is that of its calls.
  const owners = new Map();
  for (const area of areas)
    for (const { name, kind } of area.types) {
      const owner = owners.get(name);
      if (!owner) owners.set(name, area.name);
      else f.print(`export type { ${kind === "enum" ? name : `${name}, ${name}Zero`} } from "./${owner}.js";`);
    }
  f.print('export * from "./services.js";');
}

/**
 * The areas by name: what a client that knows all of them is made with.
 * @param {GeneratedFile} f
 * @param {Contract} contract
 */
export function printServices(f, contract) {
  f.print("// Generated from the contract; not to be edited.");
  for (const { name, calls } of contract.areas) if (calls.length > 0) f.print(`export { ${name} } from "./${name}.js";`);
}

/** @typedef {{ f: GeneratedFile, contract: Contract, named: (type: DescMessage | DescEnum, name: string, isType: boolean) => Printable, inputName: (message: DescMessage) => string }} Printing */

/** @param {Printing} it @param {DescMessage} message @param {boolean} isInput */
function printType(it, message, isInput) {
  const { f } = it;
  f.print(docOf(f, message));
  f.print(f.export("interface", isInput ? it.inputName(message) : message.name), " {");
  for (const field of message.fields) {
    // What travels in a cookie no script ever sees.
    if (it.contract.ruleOf(field).cookie) continue;
    const isThere = isInput ? isDemanded(it, field) : zeroOf(field) !== undefined;
    f.print(docOf(f, field, "  "));
    f.print(`  ${field.jsonName}${isThere ? "" : "?"}: `, typeOf(it, field, isInput), isThere ? ";" : " | undefined;");
  }
  f.print("}\n");
}

/** Whether a request must name the field; the request id is made where it is left out. @param {Printing} it @param {DescField} field */
function isDemanded(it, field) {
  if (field.oneof || field.proto.proto3Optional || field.name === "request_id") return false;
  return it.contract.ruleOf(field).required;
}

/** @param {Printing} it @param {DescField} field @param {boolean} isInput @returns {Printable} */
function typeOf(it, field, isInput) {
  const one = valueType(it, field, isInput);
  if (field.fieldKind === "list") return [isInput ? "readonly " : "", one, "[]"];
  if (field.fieldKind === "map") return ["Record<string, ", one, ">"];
  return one;
}

/** @param {Printing} it @param {DescField} field @param {boolean} isInput @returns {Printable} */
function valueType(it, field, isInput) {
  if (field.enum) return it.named(field.enum, field.enum.name, true);
  if (field.message) {
    const word = WORDS.get(field.message.typeName);
    if (word) return word;
    if (isWellKnown(field.message)) throw new Error(`${field.message.typeName} has no type here`);
    return it.named(field.message, isInput ? it.inputName(field.message) : field.message.name, true);
  }
  const zero = field.scalar === ScalarType.BOOL ? "boolean" : "number";
  const text = [
    ScalarType.STRING,
    ScalarType.BYTES,
    ScalarType.INT64,
    ScalarType.UINT64,
    ScalarType.SINT64,
    ScalarType.FIXED64,
    ScalarType.SFIXED64,
  ];
  return field.scalar !== undefined && text.includes(field.scalar) ? "string" : zero;
}

/** What canonical JSON leaves out of this message. @param {Printing} it @param {DescMessage} message */
function printZero(it, message) {
  const { f } = it;
  f.print(`/** The zero values of {@link ${message.name}}. */`);
  f.print(`export const ${message.name}Zero: `, f.import("Zero", "../zero.js", true), " = /* @__PURE__ */ {");
  for (const field of message.fields) {
    if (it.contract.ruleOf(field).cookie) continue;
    const zero = zeroOf(field);
    const inner = field.message && !isWellKnown(field.message) ? field.message : undefined;
    if (inner) f.print(`  ${field.jsonName}: [${zero ?? "undefined"}, () => `, it.named(inner, `${inner.name}Zero`, false), "],");
    else if (zero) f.print(`  ${field.jsonName}: ${zero},`);
  }
  f.print("};\n");
}

/** @param {Printing} it @param {Area} area */
function printCalls(it, area) {
  const { f } = it;
  const title = area.name.charAt(0).toUpperCase() + area.name.slice(1);
  const options = f.import("CallOptions", "../call.js", true);
  const streaming = f.import("StreamOptions", "../stream.js", true);
  f.print(`/** The rpcs of \`rapport.${area.name}\`. */`);
  f.print(`export interface ${title} {`);
  for (const call of area.calls) {
    const request = it.named(call.method.input, it.inputName(call.method.input), true);
    const isOptional = !call.method.input.fields.some((field) => isDemanded(it, field) && !it.contract.ruleOf(field).cookie);
    const answer = call.isRaw ? "Blob" : it.named(call.method.output, call.method.output.name, true);
    const result = call.isStream ? ["AsyncIterable<", answer, ">"] : ["Promise<", answer, ">"];
    f.print(docOf(f, call.method, "  "));
    f.print(
      `  ${call.name}(request${isOptional ? "?" : ""}: `,
      request,
      ", options?: ",
      call.isStream ? streaming : options,
      "): ",
      result,
      ";",
    );
  }
  f.print("}\n");
  f.print(`/** How each of {@link ${title}} travels. */`);
  f.print(`export const ${area.name}: `, f.import("Service", "../service.js", true), "<", title, "> = {");
  for (const call of area.calls) {
    f.print(`  ${call.name}: {`);
    f.print("    rpc: ", f.string(`${call.method.parent.typeName}/${call.method.name}`), ",");
    f.print(`    verb: "${call.verb}",`);
    f.print("    path: ", f.string(jsonPath(call)), ",");
    const flags = {
      body: call.hasBody,
      raw: call.isRaw,
      stream: call.isStream,
      read: call.isRead,
      open: call.isPublic,
      cookie: call.hasCookie,
      requestId: call.hasRequestId,
    };
    for (const [name, isSet] of Object.entries(flags)) if (isSet) f.print(`    ${name}: true,`);
    if (call.resumes) f.print("    resumes: ", f.string(call.resumes), ",");
    if (!call.isRaw) f.print("    zero: () => ", it.named(call.method.output, `${call.method.output.name}Zero`, false), ",");
    f.print("  },");
  }
  f.print("};\n");
}

/** The template with the fields as JSON names them. @param {Call} call */
function jsonPath(call) {
  return call.path.replace(/\{([a-z_]+)\}/g, (/** @type {string} */ _all, /** @type {string} */ name) => {
    const field = call.method.input.fields.find((each) => each.name === name);
    if (!field) throw new Error(`${call.path} names no field of ${call.method.input.typeName}`);
    return `{${field.jsonName}}`;
  });
}
