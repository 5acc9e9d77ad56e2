// Writes llama.cpp's answers for GGUF files, each to a .ref.json beside it:
//
//	npm install node-llama-cpp@3.22.1
//	node reference.mjs FILE.gguf...
//
// One thread, no GPU, and no flash attention, whose sums are added in another
// order.
import {getLlama} from "node-llama-cpp";
import fs from "fs";

const promptTokens = 16, greedyTokens = 24;
const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});

for (const path of process.argv.slice(2)) {
  const model = await llama.loadModel({modelPath: path});
  const context = await model.createContext({contextSize: 256, flashAttention: false, threads: 1});
  const sequence = context.getSequence();
  const ask = token => [token, {generateNext: {probabilities: true}}];
  const byID = p => [...p.entries()].map(([id, probability]) => [Number(id), probability]).sort((a, b) => a[0] - b[0]);
  const likeliest = p => p.reduce((a, b) => (b[1] > a[1] ? b : a))[0];

  const prompt = Array.from({length: promptTokens}, (_, i) => (i === 0 ? 1 : (i * 81 + 10) % 288));
  const answers = await sequence.controlledEvaluate([...prompt.slice(0, -1), ask(prompt.at(-1))]);
  const probabilities = byID(answers.at(-1).next.probabilities);
  const greedy = [likeliest(probabilities)];
  while (greedy.length < greedyTokens) {
    const [answer] = await sequence.controlledEvaluate([ask(greedy.at(-1))]);
    greedy.push(likeliest(byID(answer.next.probabilities)));
  }
  fs.writeFileSync(path.replace(/\.gguf$/, ".ref.json"), JSON.stringify({
    prompt_tokens: prompt, greedy_tokens: greedy, next_token_probabilities: probabilities,
  }) + "\n");
  await context.dispose();
  await model.dispose();
}
process.exit(0);
