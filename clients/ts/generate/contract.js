// Reads the descriptors: which rpcs a browser can call, which messages they take and give.
import { createRegistry, getOption, ScalarType } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

/**
 * @typedef {import("@bufbuild/protobuf").DescFile} DescFile
 * @typedef {import("@bufbuild/protobuf").DescMessage} DescMessage
 * @typedef {import("@bufbuild/protobuf").DescEnum} DescEnum
 * @typedef {import("@bufbuild/protobuf").DescField} DescField
 * @typedef {import("@bufbuild/protobuf").DescMethod} DescMethod
 * @typedef {import("@bufbuild/protobuf").DescExtension} DescExtension
 *
 * @typedef {object} Call an rpc as a browser calls it
 * @property {DescMethod} method
 * @property {string} name in this client: `sendMessage`
 * @property {string} verb
 * @property {string} path
 * @property {boolean} hasBody whether what is not in the path travels as a body, not as a query
 * @property {boolean} isRaw whether the answer is bytes of some type
 * @property {boolean} isStream
 * @property {boolean} isRead whether it changes nothing
 * @property {boolean} isPublic whether it needs no token
 * @property {boolean} hasCookie whether something of it travels in a cookie
 * @property {boolean} hasRequestId whether it can be repeated under the same request id
 * @property {string | undefined} resumes the field that names the place in a stream
 *
 * @typedef {object} Area a package of the contract
 * @property {string} name `chats`
 * @property {Call[]} calls
 * @property {(DescMessage | DescEnum)[]} types
 *
 * @typedef {object} Contract
 * @property {Area[]} areas
 * @property {Set<DescMessage>} inputs what a request is made of
 * @property {Set<DescMessage>} outputs what an answer is made of
 * @property {(field: DescField) => any} ruleOf the rule of a request field
 */

const LIVE = "rapport.live.v1";
/** PERMISSION_PUBLIC. */
const PUBLIC = 1;
const WELL_KNOWN = "google.protobuf.";

/** @param {string} typeName */
export const areaOf = (typeName) => {
  const [root, area] = typeName.split(".");
  if (root !== "rapport" || area === undefined) throw new Error(`${typeName} is of no area`);
  return area;
};

/** Whether a message has a form of its own in JSON. @param {DescMessage} message */
export const isWellKnown = (message) => message.typeName.startsWith(WELL_KNOWN);

/**
 * @param {readonly DescFile[]} files
 * @returns {Contract}
 */
export function readContract(files) {
  const all = new Set(files.flatMap((file) => [file, ...file.dependencies]));
  const registry = createRegistry(...all);
  /** @param {string} name */
  const extension = (name) => {
    const found = registry.getExtension(name);
    if (!found) throw new Error(`the contract has no ${name}`);
    return found;
  };
  const [rule, field, http] = ["rapport.options.v1.method", "rapport.options.v1.field", "google.api.http"].map(extension);
  if (!rule || !field || !http) throw new Error("the contract has no annotations");
  /** @param {DescField} of @returns {any} */
  const ruleOf = (of) => getOption(of, field);

  /** @type {Map<string, Area>} */
  const areas = new Map();
  /** @param {string} name */
  const area = (name) => {
    const found = areas.get(name) ?? { name, calls: [], types: [] };
    areas.set(name, found);
    return found;
  };
  /** @type {Set<DescEnum>} */
  const enums = new Set();
  /** @type {[Set<DescMessage>, Set<DescMessage>]} */
  const [inputs, outputs] = [new Set(), new Set()];
  /** @param {DescMessage} message @param {Set<DescMessage>} into */
  const reach = (message, into) => {
    if (into.has(message) || isWellKnown(message)) return;
    into.add(message);
    for (const { message: inner, enum: listed } of message.fields) {
      if (inner) reach(inner, into);
      if (listed) enums.add(listed);
    }
  };

  for (const method of files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    const call = readCall(method, getOption(method, rule), getOption(method, http), ruleOf);
    if (!call) continue;
    const here = area(areaOf(method.parent.typeName));
    if (here.calls.some(({ name }) => name === call.name)) throw new Error(`two rpcs ${here.name}.${call.name}`);
    here.calls.push(call);
    reach(method.input, inputs);
    if (!call.isRaw) reach(method.output, outputs);
  }
  for (const message of files.filter((file) => file.proto.package === LIVE).flatMap((file) => file.messages)) {
    if (message.name === "ClientFrame") reach(message, inputs);
    if (message.name === "ServerFrame") reach(message, outputs);
  }
  for (const type of [...new Set([...inputs, ...outputs]), ...enums]) {
    if (!type.typeName.startsWith("google.")) area(areaOf(type.typeName)).types.push(type);
  }
  return { areas: [...areas.values()].sort((one, other) => (one.name < other.name ? -1 : 1)), inputs, outputs, ruleOf };
}

/**
 * The call of an rpc; none where a browser cannot make it.
 * @param {DescMethod} method
 * @param {any} rule
 * @param {any} route
 * @param {(field: DescField) => any} ruleOf
 * @returns {Call | undefined}
 */
function readCall(method, rule, route, ruleOf) {
  if (rule.internal || !route.pattern?.case || !["unary", "server_streaming"].includes(method.methodKind)) return undefined;
  if (route.body !== "" && route.body !== "*") throw new Error(`${method.name}: a body is the whole request`);
  const fields = method.input.fields;
  const resumes = fields.find((field) => ruleOf(field).resumes)?.jsonName;
  const places = method.output.fields.filter((field) => ruleOf(field).resumes).map((field) => field.jsonName);
  if (resumes && !places.includes(resumes))
    throw new Error(`${method.name}: the answer names its place otherwise than the request`);
  return {
    method,
    name: method.localName,
    verb: route.pattern.case.toUpperCase(),
    path: route.pattern.value,
    hasBody: route.body === "*",
    isRaw: route.responseBody !== "",
    isStream: method.methodKind === "server_streaming",
    isRead: method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    isPublic: rule.permission === PUBLIC,
    hasCookie: rule.endsCookie !== "" || [...fields, ...method.output.fields].some((field) => ruleOf(field).cookie),
    hasRequestId: fields.some((field) => field.name === "request_id"),
    resumes,
  };
}

/** The zero value that JSON leaves out, as source text; none for what is absent by itself. @param {DescField} field */
export function zeroOf(field) {
  if (field.fieldKind === "list") return "[]";
  if (field.fieldKind === "map") return "{}";
  if (field.fieldKind === "message" || field.oneof || field.proto.proto3Optional) return undefined;
  if (field.fieldKind === "enum") return JSON.stringify(field.enum.values.find((value) => value.number === 0)?.name ?? "");
  switch (field.scalar) {
    case ScalarType.BOOL:
      return "false";
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return '""';
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return '"0"';
    default:
      return "0";
  }
}
