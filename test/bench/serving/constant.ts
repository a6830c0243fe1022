import { createServer } from "node:http";

// node:http with a constant answer, the least that Node can do with a request: constant.ts PORT
const answer = JSON.stringify({ class: "setosa", probabilities: { setosa: 0.9, versicolor: 0.08, virginica: 0.02 } });
createServer((request, response) => {
  request.on("data", () => undefined);
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(answer);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
