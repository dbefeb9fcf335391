// Multipliers of Cyclone V that know whether their factors have a sign.
//
// The synthesizer's own rule leaves that out, and its models then take every factor for one with a sign: a
// factor without, as wide as the multiplier, comes out negative where its highest bit is 1.

module __MUL27X27 (A, B, Y);
  parameter A_SIGNED = 1, B_SIGNED = 1, A_WIDTH = 27, B_WIDTH = 27, Y_WIDTH = 54;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  MISTRAL_MUL27X27 #(.A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED)) _TECHMAP_REPLACE_ (.A(A), .B(B), .Y(Y));
endmodule

module __MUL18X18 (A, B, Y);
  parameter A_SIGNED = 1, B_SIGNED = 1, A_WIDTH = 18, B_WIDTH = 18, Y_WIDTH = 36;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  MISTRAL_MUL18X18 #(.A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED)) _TECHMAP_REPLACE_ (.A(A), .B(B), .Y(Y));
endmodule

module __MUL9X9 (A, B, Y);
  parameter A_SIGNED = 1, B_SIGNED = 1, A_WIDTH = 9, B_WIDTH = 9, Y_WIDTH = 18;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  MISTRAL_MUL9X9 #(.A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED)) _TECHMAP_REPLACE_ (.A(A), .B(B), .Y(Y));
endmodule
