#!/usr/bin/env node
// The contract as the client knows it, as a protoc plugin: for each package a module with the types of its messages in canonical JSON,
// its rpcs as a table (verb, path, what travels how) and the zero values that canonical JSON leaves out of answers. Nothing of protobuf
// is left at run time. Only what a browser can call is here: no internal rpcs, none without a route.
import { createEcmaScriptPlugin, runNodeJs } from "@bufbuild/protoplugin";
import { readContract } from "./contract.js";
import { printArea, printIndex, printServices } from "./print.js";
import { printReasons } from "./reasons.js";

const plugin = createEcmaScriptPlugin({
  name: "protoc-gen-rapport",
  version: "v1",
  generateTs(schema) {
    const contract = readContract(schema.files);
    for (const area of contract.areas) {
      printArea(schema.generateFile(`${area.name}.ts`), area, contract);
    }
    printReasons(schema.generateFile("reasons.ts"), schema.files);
    printServices(schema.generateFile("services.ts"), contract);
    printIndex(schema.generateFile("index.ts"), contract);
  },
});

runNodeJs(plugin);
